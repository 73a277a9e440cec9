import { afterAll, expect, test } from 'vitest';
import type { PostgresTransaction } from '../../src/postgres.ts';
import { SeededRandom } from '../reliability/seeded-random.ts';
import { createDatabase } from './database.ts';
import { deliveries, host } from './hosts.ts';

const database = await createDatabase();
afterAll(() => database.drop());

const crm = { id: 'crm', name: 'CRM', url: 'https://crm.example.com/', events: '*' } as const;

async function fresh() {
  const made = host(database);
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

test('a client without a transaction is refused, and so is the pool: the event would be sent whatever happens', async () => {
  const { outbound, pool } = await fresh();
  const emit = (transaction: PostgresTransaction) => outbound.emit('order.paid', { order: 1 }, { transaction });
  await expect(emit(pool)).rejects.toMatchObject({ code: 'ERR_TRANSACTION_MISSING' });
  const client = await pool.connect();
  await expect(emit(client)).rejects.toMatchObject({ code: 'ERR_TRANSACTION_MISSING' });
  client.release();
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

test('8 processes commit at random moments: nothing is lost, and each keeps the order of its calls (F69)', async () => {
  const writers = Array.from({ length: 8 }, () => host(database, {}, { max: 4 }));
  const reader = await fresh();
  const perWriter = 100;
  const done = deliveries([reader], writers.length * perWriter);
  await reader.outbound.start();
  await Promise.all(
    writers.map(async ({ outbound, pool }, writer) => {
      const chance = new SeededRandom(writer + 1);
      const client = await pool.connect();
      for (let number = 0; number < perWriter; number += 1) {
        const order = writer * 10_000 + number;
        if (chance.fraction() < 0.3) {
          await outbound.emit('order.paid', { order });
          continue;
        }
        await client.query('BEGIN');
        await outbound.emit('order.paid', { order }, { transaction: client });
        await client.query('SELECT pg_sleep($1)', [chance.fraction() / 100]);
        await client.query('COMMIT');
      }
      client.release();
    }),
  );
  await done;
  const orders = reader.http.attempts.map(({ data }) => (data as { order: number }).order);
  for (const writer of writers.keys()) {
    const own = orders.filter((order) => Math.floor(order / 10_000) === writer);
    expect(own).toEqual(Array.from({ length: perWriter }, (_, number) => writer * 10_000 + number));
  }
});
