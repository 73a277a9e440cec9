import type { Pool } from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { BlackHole } from './black-hole.ts';
import { Database } from './database.ts';
import { deliveries, host, ownDatabase, until } from './hosts.ts';
import { TransactionPooler } from './transaction-pooler.ts';

const crm = { id: 'crm', name: 'CRM', url: 'https://example.com/', events: '*' } as const;

/** The sessions by which the server knows that processes live, in the order they were begun. */
async function sessions(spy: Pool): Promise<readonly number[]> {
  const { rows } = await spy.query(`
    SELECT objid::int AS session FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'advisory' AND granted AND objid <> 0 AND datname = current_database() ORDER BY backend_start`);
  return rows.map(({ session }) => session);
}

test('a process whose connections were forgotten on the way goes on over new ones, as another session', async () => {
  const database = await ownDatabase();
  const spy = database.pool({ max: 1 });
  const hole = await BlackHole.start(database.config);
  onTestFinished(() => hole[Symbol.asyncDispose]());
  const cutOff = host(new Database(hole.config), { leaseDuration: '3s' }, {}, { timeout: '500ms' });
  cutOff.outbound.on('error', () => {});
  await cutOff.outbound.addHttpRecipient(crm);
  await cutOff.outbound.start();
  const [before] = await sessions(spy);
  const other = host(database);
  await other.outbound.listRecipients();

  // The server believes in them, and in the lock that one of them holds.
  hole.forget();
  const done = deliveries([cutOff], 2);
  await other.outbound.emit('order.paid', { order: 1 });
  await until(async () => (await sessions(spy)).length === 3);
  await other.outbound.emit('order.paid', { order: 2 });
  await done;
  const [old, , own] = await sessions(spy);
  expect(old).toBe(before);
  expect(own).not.toBe(before);
  const waiting = await spy.query(
    "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
  );
  expect(waiting.rows).toHaveLength(0);
  // Its leases carry the new number soon: the server may notice at any time that the old connection is broken.
  await until(async () => (await spy.query('SELECT session FROM outbound_events.queues')).rows[0].session === own);
});

test('a process that is told of the loss of its connection is known by the same session again', async () => {
  const database = await ownDatabase();
  const spy = database.pool({ max: 1 });
  const { outbound } = host(database);
  await outbound.addHttpRecipient(crm);
  await outbound.start();
  const before = await sessions(spy);
  await spy.query(`
    SELECT pg_terminate_backend(pid, 10000) FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'advisory' AND objid <> 0 AND datname = current_database()`);
  await until(async () => (await sessions(spy)).length === 1);
  expect(await sessions(spy)).toEqual(before);
});

test('a process that cannot listen any more finds out by looking, and listens again as soon as it can', async () => {
  const database = await ownDatabase();
  const spy = database.pool({ max: 1 });
  const pooler = await TransactionPooler.start(database.config, 4);
  onTestFinished(() => pooler[Symbol.asyncDispose]());
  const [a, b] = [host(database, {}, { application_name: 'a' }), host(database)];
  a.outbound.on('error', () => {});
  await a.outbound.addHttpRecipient(crm);
  await a.outbound.start();
  await b.outbound.listRecipients();

  // From now on a pooler is in between, which passes on no messages.
  Object.assign(a.pool.options, pooler.config);
  await spy.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'a'");
  const done = deliveries([a], 3);
  for (let order = 1; order <= 3; order += 1) await b.outbound.emit('order.paid', { order });
  expect((await done).map(({ sequence }) => sequence)).toEqual([1, 2, 3]);

  Object.assign(a.pool.options, database.config);
  await until(async () => (await sessions(spy)).length === 2);
});

test('what keeps a process from listening when it starts is told as it is, and it listens later', async () => {
  const database = await ownDatabase();
  const spy = database.pool({ max: 1 });
  const { outbound, pool } = host(database, {}, { max: 2 }, { timeout: '500ms' });
  const warnings: string[] = [];
  outbound.on('error', ({ code, message }) => {
    if (code === 'ERR_STORAGE_WARNING') warnings.push(message);
  });
  const taken = await pool.connect();
  await outbound.listRecipients();
  expect(warnings).toEqual([expect.stringMatching(/^LISTEN does not work .*\(no connection to PostgreSQL can be had/)]);
  expect(warnings.join()).not.toContain('pooler');
  expect(await sessions(spy)).toEqual([]);
  taken.release();
  await until(async () => (await sessions(spy)).length === 1);
});
