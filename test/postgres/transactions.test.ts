import { afterAll, expect, onTestFinished, test } from 'vitest';
import type { PostgresTransaction } from '../../src/postgres.ts';
import { storedEvent } from '../../src/testing/builders.ts';
import { SeededRandom } from '../reliability/seeded-random.ts';
import { createDatabase } from './database.ts';
import { deliveries, host, ownDatabase, until } from './hosts.ts';
import { startServer } from './server.ts';

const database = await createDatabase();
afterAll(() => database.drop());

const crm = { id: 'crm', name: 'CRM', url: 'https://crm.example.com/', events: '*' } as const;

async function fresh(options: Parameters<typeof host>[1] = {}) {
  const made = host(database, options);
  await made.pool.query('DROP SCHEMA IF EXISTS outbound_events CASCADE');
  await made.outbound.addHttpRecipient(crm);
  return made;
}

test('an event of a transaction is sent once it is committed, and not before', async () => {
  const { outbound, pool } = await fresh();
  await outbound.start();
  const done = deliveries([{ outbound }], 1);
  const client = await pool.connect();
  await client.query('BEGIN');
  expect(await outbound.emit('order.paid', { order: 1 }, { transaction: client })).toMatchObject({
    deliveries: [{ recipientId: 'crm' }],
    duplicate: false,
  });
  expect((await outbound.status()).recipients[0]).toMatchObject({ queued: 0 });
  await client.query('COMMIT');
  client.release();
  expect(await done).toMatchObject([{ recipientId: 'crm', sequence: 1 }]);
});

test('of 1,000 transactions, those that were rolled back send nothing, the others everything in order (F74)', async () => {
  const { outbound, pool, http } = await fresh();
  await pool.query('CREATE TABLE IF NOT EXISTS orders (number int)');
  const chance = new SeededRandom(74);
  const committed: number[] = [];
  const client = await pool.connect();
  for (let order = 1; order <= 1_000; order += 1) {
    await client.query('BEGIN');
    await client.query('INSERT INTO orders VALUES ($1)', [order]);
    await outbound.emit('order.paid', { order }, { transaction: client });
    const commits = chance.fraction() < 0.5;
    await client.query(commits ? 'COMMIT' : 'ROLLBACK');
    if (commits) committed.push(order);
  }
  client.release();
  const done = deliveries([{ outbound }], committed.length);
  await outbound.start();
  await done;
  await outbound.stop();
  expect(http.attempts.map(({ data }) => data)).toEqual(committed.map((order) => ({ order })));
  expect(http.attempts.map(({ sequence }) => sequence)).toEqual(committed.map((_, index) => index + 1));
});

test('the order is that of the commits, whenever the events were emitted', async () => {
  const { outbound, pool, http } = await fresh();
  const [first, second] = [await pool.connect(), await pool.connect()];
  await first.query('BEGIN');
  await second.query('BEGIN');
  await outbound.emit('order.paid', { order: 4 }, { transaction: first });
  await outbound.emit('order.paid', { order: 2 }, { transaction: second });
  await outbound.emit('order.paid', { order: 1 });
  await second.query('COMMIT');
  await outbound.emit('order.paid', { order: 3 });
  await first.query('COMMIT');
  first.release();
  second.release();
  const done = deliveries([{ outbound }], 4);
  await outbound.start();
  await done;
  expect(http.attempts.map(({ data }) => data)).toEqual([{ order: 1 }, { order: 2 }, { order: 3 }, { order: 4 }]);
});

test('a transaction that stays open holds up nobody', async () => {
  const { outbound, pool } = await fresh();
  await outbound.start();
  const client = await pool.connect();
  await client.query('BEGIN');
  await outbound.emit('order.paid', { order: 0 }, { transaction: client });
  const done = deliveries([{ outbound }], 100);
  for (let order = 1; order <= 100; order += 1) await outbound.emit('order.paid', { order });
  expect((await done).map(({ sequence }) => sequence)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
  const last = deliveries([{ outbound }], 1);
  await client.query('COMMIT');
  client.release();
  expect(await last).toMatchObject([{ sequence: 101 }]);
});

test.each(['READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE'])(
  'a transaction that is %s joins although others append meanwhile',
  async (isolation) => {
    const { outbound, pool } = await fresh();
    const client = await pool.connect();
    await client.query(`BEGIN ISOLATION LEVEL ${isolation}`);
    await outbound.emit('order.paid', { order: 2 }, { transaction: client });
    await outbound.emit('order.paid', { order: 1 });
    await client.query('COMMIT');
    client.release();
    expect((await outbound.status()).recipients[0]).toMatchObject({ queued: 2 });
  },
);

test('transactions that are SERIALIZABLE are no reason for each other to fail', async () => {
  const { outbound, pool } = await fresh();
  const clients = await Promise.all(Array.from({ length: 4 }, () => pool.connect()));
  for (const client of clients) await client.query('BEGIN ISOLATION LEVEL SERIALIZABLE');
  for (const order of [1, 2]) {
    for (const client of clients) await outbound.emit('order.paid', { order }, { transaction: client });
    await outbound.emit('order.paid', { order });
  }
  for (const client of clients) await client.query('COMMIT');
  for (const client of clients) client.release();
  expect((await outbound.status()).recipients[0]).toMatchObject({ queued: 10 });
});

test.each(['READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE'])(
  'in a transaction that is %s a repeated event is recognised, at the bound too',
  async (isolation) => {
    const { outbound, pool } = await fresh({ backlog: { deliveries: 2 } });
    const client = await pool.connect();
    const emit = (id: string, order: number) => outbound.emit('order.paid', { order }, { id, transaction: client });
    await outbound.emit('order.paid', { order: 1 }, { id: 'before' });
    await client.query(`BEGIN ISOLATION LEVEL ${isolation}`);
    expect(await emit('within', 1)).toMatchObject({ duplicate: false });
    for (const id of ['before', 'within']) {
      expect(await emit(id, 1)).toMatchObject({ duplicate: true });
      await expect(emit(id, 2)).rejects.toMatchObject({ code: 'ERR_EVENT_ID_REUSED' });
    }
    await expect(emit('another', 1)).rejects.toMatchObject({ code: 'ERR_BACKLOG_FULL' });
    await client.query('COMMIT');
    client.release();
    expect((await outbound.status()).recipients[0]).toMatchObject({ queued: 2 });
  },
);

test('a client without a transaction is refused, and so is the pool: the event would be sent whatever happens', async () => {
  const { outbound, pool } = await fresh();
  const emit = (transaction: PostgresTransaction) => outbound.emit('order.paid', { order: 1 }, { transaction });
  await expect(emit(pool)).rejects.toMatchObject({ code: 'ERR_TRANSACTION_MISSING' });
  const client = await pool.connect();
  await expect(emit(client)).rejects.toMatchObject({ code: 'ERR_TRANSACTION_MISSING' });
  client.release();
  const lost = { query: () => Promise.reject(new Error('the connection is closed')) };
  await expect(emit(lost)).rejects.toMatchObject({ code: 'ERR_TRANSACTION_MISSING' });
  await expect(emit({} as PostgresTransaction)).rejects.toMatchObject({ field: 'options.transaction' });
  expect((await outbound.status()).recipients[0]).toMatchObject({ queued: 0 });
});

test('an id is for one event, also between transactions', async () => {
  const { outbound, pool } = await fresh();
  const [first, second] = [await pool.connect(), await pool.connect()];
  await first.query('BEGIN');
  await second.query('BEGIN');
  const emit = (order: number, transaction?: PostgresTransaction) =>
    outbound.emit('order.paid', { order }, { id: 'same', transaction });
  expect(await emit(1, first)).toMatchObject({ duplicate: false });
  expect(await emit(1, first)).toMatchObject({ duplicate: true });
  await expect(emit(2, first)).rejects.toMatchObject({ code: 'ERR_EVENT_ID_REUSED' });
  expect(await emit(2, second)).toMatchObject({ duplicate: false });
  // Nobody waits for the open transaction.
  expect(await emit(1)).toMatchObject({ duplicate: false });
  await first.query('COMMIT');
  await expect(second.query('COMMIT')).rejects.toMatchObject({ code: '23505' });
  first.release();
  second.release();
  expect((await outbound.status()).recipients[0]).toMatchObject({ queued: 1 });
});

test('what is emitted within a savepoint that is rolled back is not sent', async () => {
  const { outbound, pool } = await fresh();
  const client = await pool.connect();
  await client.query('BEGIN');
  await outbound.emit('order.paid', { order: 1 }, { transaction: client });
  await client.query('SAVEPOINT inner_part');
  await outbound.emit('order.paid', { order: 2 }, { transaction: client });
  await client.query('ROLLBACK TO inner_part');
  await client.query('COMMIT');
  client.release();
  expect((await outbound.status()).recipients[0]).toMatchObject({ queued: 1 });
});

test('ids are forgotten in time also where all events are emitted within transactions', async () => {
  const { outbound, pool, storage } = await fresh();
  await outbound.start();
  const client = await pool.connect();
  const stage = async (begin: number, options: { readonly forgetBefore: number }) => {
    const entries = Array.from({ length: 300 }, (_, index) => ({
      event: storedEvent({ id: `event-${begin + index}`, acceptedAt: 1_000 }),
      recipientIds: [],
    }));
    await client.query('BEGIN');
    await storage.append(entries, { ...options, transaction: client });
    await client.query('COMMIT');
    await storage.stats();
  };
  await stage(0, { forgetBefore: 0 });
  await stage(300, { forgetBefore: 2_000 });
  client.release();
  const remembered = async () => (await pool.query('SELECT FROM outbound_events.events')).rowCount;
  // The last may be among them, as soon as they are committed.
  await until(async () => (await remembered()) !== 600);
});

/** How many emits it takes until one finds the backlog full, at most 200. */
async function fill(outbound: ReturnType<typeof host>['outbound'], transaction: PostgresTransaction): Promise<number> {
  for (let order = 0; order < 200; order += 1) {
    const emitted = await outbound.emit('order.paid', { order }, { transaction }).catch((error) => error.code);
    if (emitted === 'ERR_BACKLOG_FULL') return order;
  }
  return 200;
}

test('the bound holds within a transaction, and after a savepoint that is rolled back there is room again', async () => {
  const { outbound, pool } = await fresh({ backlog: { deliveries: 100 } });
  const client = await pool.connect();
  await client.query('BEGIN');
  await client.query('SAVEPOINT inner_part');
  expect(await fill(outbound, client)).toBe(100);
  await client.query('ROLLBACK TO inner_part');
  expect(await fill(outbound, client)).toBe(100);
  await client.query('COMMIT');
  await client.query('BEGIN');
  expect(await fill(outbound, client)).toBe(0);
  await client.query('ROLLBACK');
  client.release();
  expect((await outbound.status()).recipients[0]).toMatchObject({ queued: 100 });
});

test('the bound holds over transactions, although nobody has put their events into the queues yet', async () => {
  const { outbound, pool } = await fresh({ backlog: { deliveries: 20 } });
  const client = await pool.connect();
  let accepted = 0;
  for (let order = 0; order < 30; order += 1) {
    await client.query('BEGIN');
    const emitted = outbound.emit('order.paid', { order }, { transaction: client });
    accepted += await emitted.then(
      () => 1,
      () => 0,
    );
    await client.query('COMMIT');
  }
  client.release();
  expect(accepted).toBe(20);
});

test('a transaction tells nobody in its commit: it can be prepared, and is sent when that is committed', async () => {
  const server = await startServer({ max_prepared_transactions: 2 });
  onTestFinished(() => server.stop());
  const own = await createDatabase(server);
  const { outbound, pool } = host(own);
  await outbound.addHttpRecipient(crm);
  await outbound.start();
  const done = deliveries([{ outbound }], 1);
  const client = await pool.connect();
  await client.query('BEGIN');
  await outbound.emit('order.paid', { order: 1 }, { transaction: client });
  await client.query("PREPARE TRANSACTION 'order-1'");
  client.release();
  expect((await outbound.status()).recipients[0]).toMatchObject({ queued: 0 });
  await pool.query("COMMIT PREPARED 'order-1'");
  expect(await done).toMatchObject([{ sequence: 1 }]);
});

test('another process is told within a second, although the one that emitted stops at once', async () => {
  const database = await ownDatabase();
  const [emitting, sending] = [host(database), host(database)];
  await sending.outbound.addHttpRecipient(crm);
  await sending.outbound.start();
  for (const stops of [false, true]) {
    const done = deliveries([sending], 1);
    const client = await emitting.pool.connect();
    await client.query('BEGIN');
    await emitting.outbound.emit('order.paid', { order: 1 }, { transaction: client });
    await client.query('COMMIT');
    const committedAt = performance.now();
    client.release();
    if (stops) await emitting.outbound.stop();
    await done;
    expect(performance.now() - committedAt).toBeLessThan(3_000);
  }
});
