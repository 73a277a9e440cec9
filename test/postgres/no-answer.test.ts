import { expect, onTestFinished, test } from 'vitest';
import { PostgresStorage } from '../../src/postgres.ts';
import { BlackHole } from './black-hole.ts';
import { Database } from './database.ts';
import { deliveries, host, ownDatabase, until } from './hosts.ts';

const crm = { id: 'crm', name: 'CRM', url: 'https://example.com/', events: '*' } as const;

/** A database, and the same one by way of a hole. */
async function behindHole() {
  const database = await ownDatabase();
  const hole = await BlackHole.start(database.config);
  onTestFinished(() => hole[Symbol.asyncDispose]());
  return { database, hole, beyond: new Database(hole.config) };
}

test('a pool that has no connection to spare is told, and nothing is stored; later it goes on (F73)', async () => {
  const database = await ownDatabase();
  const { outbound, pool } = host(database, {}, { max: 2 }, { timeout: '200ms' });
  await outbound.addHttpRecipient(crm);
  const taken = await pool.connect();
  await expect(outbound.emit('order.paid', { order: 1 })).rejects.toMatchObject({ code: 'ERR_STORAGE_UNAVAILABLE' });
  taken.release();
  await outbound.emit('order.paid', { order: 2 });
  expect((await outbound.status()).recipients[0]?.queued).toBe(1);
});

test('a connection that is had too late is given back as it was', async () => {
  const database = await ownDatabase();
  const { storage, pool } = host(database, {}, { max: 2 }, { timeout: '500ms' });
  await storage.open({ maxDeliveries: 1, maxBytes: 1 });
  const taken = await pool.connect();
  const before = taken.listenerCount('error');
  await expect(storage.time()).rejects.toMatchObject({ code: 'ERR_STORAGE_UNAVAILABLE' });
  taken.release();
  const again = await pool.connect();
  expect(again).toBe(taken);
  expect(again.listenerCount('error')).toBe(before);
  again.release();
  await storage.close();
});

test('an answer that never comes makes the outcome unknown; over new connections it goes on (F71)', async () => {
  const { hole, beyond } = await behindHole();
  const { outbound } = host(beyond, {}, {}, { timeout: '500ms' });
  outbound.on('error', () => {});
  await outbound.addHttpRecipient(crm);
  hole.hold();
  const emit = () => outbound.emit('order.paid', { order: 1 }, { id: 'order-1' });
  await expect(emit()).rejects.toMatchObject({ code: 'ERR_OUTCOME_UNKNOWN' });
  // What was held stays lost, as behind a router that forgot the connection.
  hole.cut();
  await hole.goOn();
  const again = () => emit().catch(() => null);
  let answer = await again();
  while (answer === null) answer = await again();
  expect((await outbound.status()).recipients[0]?.queued).toBe(1);
});

test('a process that is cut off is replaced when its leases run out, and sends nothing more (F71)', async () => {
  const { database, hole, beyond } = await behindHole();
  const options = { leaseDuration: '2s' };
  const cutOff = host(beyond, options, {}, { timeout: '500ms' });
  cutOff.outbound.on('error', () => {});
  await cutOff.outbound.addHttpRecipient(crm);
  await cutOff.outbound.start();
  const first = deliveries([cutOff], 1);
  await cutOff.outbound.emit('order.paid', { order: 1 });
  await first;
  hole.hold();
  const other = host(database, options);
  const rest = deliveries([other], 20);
  await other.outbound.start();
  for (let order = 2; order <= 21; order += 1) await other.outbound.emit('order.paid', { order });
  expect((await rest).map(({ sequence }) => sequence)).toEqual(Array.from({ length: 20 }, (_, index) => index + 2));
  expect(cutOff.http.attempts).toHaveLength(1);
  await hole.refuse();
});

test('a stop does not wait for a server that does not answer', async () => {
  const { hole, beyond } = await behindHole();
  const { outbound, http } = host(beyond, { stopTimeout: '200ms' });
  outbound.on('error', () => {});
  await outbound.addHttpRecipient(crm);
  await outbound.start();
  // So that there is a connection to emit on.
  await outbound.status();
  hole.hold();
  const emitted = outbound.emit('order.paid', { order: 1 });
  await Promise.all([outbound.stop(), expect(emitted).rejects.toMatchObject({ code: 'ERR_OUTCOME_UNKNOWN' })]);
  expect(http.attempts).toEqual([]);
  await hole.refuse();
});

test('a stop does not wait for a server that does not answer while it is opened', async () => {
  const { beyond, hole } = await behindHole();
  hole.hold();
  const { outbound } = host(beyond, { stopTimeout: '200ms' });
  const started = outbound.start();
  started.catch(() => {});
  await outbound.stop();
  await expect(started).rejects.toMatchObject({ code: expect.stringMatching(/^ERR_(STORAGE_UNAVAILABLE|STOPPED)$/) });
  hole.cut();
});

test('a settlement that is never answered is recorded later, and the delivery not repeated', async () => {
  const { database, hole, beyond } = await behindHole();
  const { outbound, http } = host(beyond, {}, {}, { timeout: '500ms' });
  outbound.on('error', () => {});
  await outbound.addHttpRecipient(crm);
  await outbound.start();
  const goOn = http.hold('crm');
  await outbound.emit('order.paid', { order: 1 });
  await until(async () => http.attempts.length === 1);
  hole.hold();
  goOn();
  await new Promise<void>((resolve) => outbound.on('error', () => resolve()));
  hole.cut();
  await hole.goOn();
  const pool = database.pool();
  await until(async () => (await pool.query('SELECT FROM outbound_events.deliveries')).rows.length === 0);
  expect(http.attempts).toHaveLength(1);
});

test('how long is waited is at least 100 ms', () => {
  const pool = { connect: () => expect.unreachable() };
  expect(() => new PostgresStorage({ pool, timeout: '50ms' })).toThrow(/^timeout must be/);
});
