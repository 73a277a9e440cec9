import { expect, onTestFinished, test } from 'vitest';
import { sqlNames } from '../../src/postgres/migrate.ts';
import { storedEvent } from '../../src/testing/builders.ts';
import { ownDatabase, storageOver, until } from './hosts.ts';

const options = { forgetBefore: 0 };

function entries(count: number) {
  return Array.from({ length: count }, (_, index) => ({
    event: storedEvent({ id: `event-${index}` }),
    recipientIds: ['crm'],
  }));
}

async function withTransaction() {
  const database = await ownDatabase();
  const pool = database.pool();
  const storage = await storageOver(pool);
  await storage.saveRecipient({ id: 'crm', settings: '{}' });
  const client = await pool.connect();
  onTestFinished(() => client.release());
  await client.query('BEGIN');
  return { storage, pool, client };
}

test('a large transaction is put into the queues in portions, before what is emitted after its commit', async () => {
  const { storage, pool, client } = await withTransaction();
  await storage.append(entries(1_200), { ...options, transaction: client });
  await client.query('COMMIT');
  const waiting = async () => (await pool.query('SELECT FROM outbound_events.deliveries')).rowCount;
  const call = `SELECT outbound_events.stats('{}') AS answer`;
  expect((await pool.query(call)).rows).toEqual([{ answer: null }]);
  expect(await waiting()).toBe(500);
  await storage.append([{ event: storedEvent({ id: 'last' }), recipientIds: ['crm'] }], options);
  expect(await waiting()).toBe(1_201);
  const [lease] = await storage.claim({ holder: 'holder-a', limit: 1, now: 0, expiresAt: 60_000 });
  const deliveries = await storage.read({ recipientId: 'crm', fence: lease?.fence ?? 0 }, 2_000, 1e9);
  const ids = deliveries.map(({ event }) => event.id);
  expect(ids).toEqual([...entries(1_200).map(({ event }) => event.id), 'last']);
});

test('what another process puts into the queues first is put there once', async () => {
  const { storage, pool, client } = await withTransaction();
  await storage.append(entries(1), { ...options, transaction: client });
  await client.query('COMMIT');
  await client.query('BEGIN');
  await client.query(`SELECT pg_advisory_xact_lock(${sqlNames('outbound_events').lockClass}, 0)`);
  const [{ pid }] = (await client.query('SELECT pg_backend_pid() AS pid')).rows;
  const appended = storage.append([{ event: storedEvent({ id: 'last' }), recipientIds: ['crm'] }], options);
  const waiting = 'SELECT FROM pg_stat_activity WHERE $1 = ANY (pg_blocking_pids(pid))';
  await until(async () => (await pool.query(waiting, [pid])).rowCount === 1);
  await client.query(`SELECT outbound_events.admit('{}')`);
  await client.query('COMMIT');
  expect(await appended).toMatchObject([{ status: 'stored' }]);
  expect(await storage.stats('crm')).toMatchObject([{ queued: 2 }]);
});

test('what waits says also what is still to be put into the queues, and a recipient it waits for is not removed', async () => {
  const { storage, client } = await withTransaction();
  await storage.append(entries(600), { ...options, transaction: client });
  await client.query('COMMIT');
  expect(await storage.removeRecipient('crm')).toBe(false);
  expect(await storage.stats('crm')).toMatchObject([{ queued: 600 }]);
});

test('who looks for events of committed transactions does not look through those of open ones', async () => {
  const { storage, pool, client } = await withTransaction();
  const looker = await pool.connect();
  onTestFinished(() => looker.release());
  const pages = async () => {
    const { rows } = await looker.query(`EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT outbound_events.admit('{}')`);
    return rows[0]['QUERY PLAN'][0].Plan['Shared Hit Blocks'];
  };
  await pages();
  const before = await pages();
  await storage.append(entries(1_000), { ...options, transaction: client });
  expect(await pages()).toBeLessThan(before + 5);
  await client.query('ROLLBACK');
});
