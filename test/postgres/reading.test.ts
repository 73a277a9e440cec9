import { expect, test } from 'vitest';
import type { QueuedDelivery } from '../../src/core/event.ts';
import { eventDigest } from '../../src/core/event-digest.ts';
import type { LeaseRef, NewEntry } from '../../src/core/storage.ts';
import { storedEvent } from '../../src/testing/builders.ts';
import { ownDatabase, storageOver } from './hosts.ts';

const options = { forgetBefore: 0 };

/** A storage with these recipients, whose queues are leased. */
async function setUp(...ids: readonly string[]) {
  const pool = (await ownDatabase()).pool();
  const storage = await storageOver(pool);
  await Promise.all(ids.map((id) => storage.saveRecipient({ id, settings: '{}' })));
  const claimed = await storage.claim({ holder: 'holder-a', limit: ids.length, now: 0, expiresAt: 60_000 });
  const leaseOn = (id: string): LeaseRef => claimed.find(({ recipientId }) => recipientId === id) as LeaseRef;
  const read = (id: string, limit = 32, maxBytes = 262_144) => storage.read(leaseOn(id), limit, maxBytes);
  /** In a transaction that is committed, and of whose end no storage knows. */
  const stage = async (entries: readonly NewEntry[]): Promise<void> => {
    const client = await pool.connect();
    await client.query('BEGIN');
    for (const { event, recipientIds } of entries) {
      const entry = { ...event, digest: eventDigest(event), recipientIds };
      await client.query('SELECT outbound_events.stage($1::text::json)', [JSON.stringify({ entry })]);
    }
    await client.query('COMMIT');
    client.release();
  };
  return { pool, storage, leaseOn, read, stage };
}

let last = 0;

/** So many events for these recipients. */
function entries(count: number, recipientIds: readonly string[], data = '{}'): readonly NewEntry[] {
  return Array.from({ length: count }, () => {
    last += 1;
    return { event: storedEvent({ id: `event-${last}`, data }), recipientIds };
  });
}

const sequences = (head: readonly QueuedDelivery[]): readonly number[] => head.map(({ sequence }) => sequence);

test('an empty answer says that nothing was committed, however much has to be put into other queues before', async () => {
  const { read, stage } = await setUp('crm', 'erp');
  await stage([...entries(1_200, ['erp']), ...entries(1, ['crm'])]);
  expect(sequences(await read('crm'))).toEqual([1]);
});

test('so it does when another queue is read at the same time, which has enough', async () => {
  const { storage, read, stage } = await setUp('crm', 'erp');
  await storage.append(entries(40, ['erp']), options);
  await stage([...entries(600, ['erp']), ...entries(1, ['crm'])]);
  const heads = await Promise.all([read('erp'), read('crm')]);
  expect(heads.map(({ length }) => length)).toEqual([32, 1]);
});

test('a short answer is told to go on where more has still to be put into queues', async () => {
  const { storage, read, stage } = await setUp('crm', 'erp');
  const told: string[] = [];
  storage.listen((ids, news) => told.push(...ids.map((id) => `${news} ${id}`)));
  await storage.append(entries(1, ['crm']), options);
  await stage([...entries(600, ['erp']), ...entries(1, ['crm'])]);
  expect(sequences(await read('crm'))).toEqual([1]);
  expect(told).toContain('queue crm');
  expect(sequences(await read('crm'))).toEqual([1, 2]);
});

test('the heads of many queues with large events are all read', async () => {
  const ids = Array.from({ length: 40 }, (_, index) => `recipient-${index}`);
  const { storage, read } = await setUp(...ids);
  await storage.append(entries(1, ids, JSON.stringify('x'.repeat(1_000_000))), options);
  const heads = await Promise.all(ids.map((id) => read(id, 4, 4_096)));
  expect(heads.map(sequences)).toEqual(ids.map(() => [1]));
});

test('one answer has not much more than 4 MB of data; the rest is asked for again', async () => {
  const ids = Array.from({ length: 20 }, (_, index) => `recipient-${index}`);
  const { storage, pool, leaseOn } = await setUp(...ids);
  await storage.append(entries(1, ids, JSON.stringify('x'.repeat(1_000_000))), options);
  const requests = ids.map((id) => ({ recipientId: id, fence: leaseOn(id).fence, limit: 4, maxBytes: 4_096 }));
  const { rows } = await pool.query('SELECT outbound_events.read($1::json) AS answer', [JSON.stringify(requests)]);
  const given = rows[0].answer.heads.map((head: unknown) => head !== null);
  expect(given).toEqual(ids.map((_, index) => index < 5));
});

test('an event that is gone from under its delivery is damage, of this queue alone', async () => {
  const { storage, pool, read } = await setUp('crm', 'erp');
  await storage.append([...entries(1, ['crm']), ...entries(1, ['erp'])], options);
  await pool.query(`DELETE FROM outbound_events.payloads WHERE event = (SELECT event FROM outbound_events.deliveries
    JOIN outbound_events.recipients ON key = recipient WHERE id = 'crm')`);
  const [crm, erp] = await Promise.allSettled([read('crm'), read('erp')]);
  expect(crm).toMatchObject({ reason: { code: 'ERR_STORAGE_CORRUPT' } });
  expect(erp).toMatchObject({ value: [{ sequence: 1 }] });
});

test('what is before an event that is gone is given where it is enough', async () => {
  const { storage, pool, read } = await setUp('crm');
  await storage.append(entries(6, ['crm'], '{"a":1}'), options);
  await pool.query(`DELETE FROM outbound_events.payloads WHERE event = (SELECT event FROM outbound_events.deliveries
    WHERE sequence = 5)`);
  expect(sequences(await read('crm', 32, 8))).toEqual([1, 2]);
  expect(sequences(await read('crm', 4))).toEqual([1, 2, 3, 4]);
  await expect(read('crm')).rejects.toMatchObject({ code: 'ERR_STORAGE_CORRUPT' });
});

test('a head costs the same whatever waits, also where the plan was made while nothing did', async () => {
  const { pool, storage, leaseOn } = await setUp('crm', 'erp');
  const client = await pool.connect();
  await client.query('ANALYZE');
  const request = JSON.stringify([{ ...leaseOn('crm'), limit: 32, maxBytes: 262_144 }]);
  const ask = `SELECT outbound_events.read('${request}')`;
  for (let time = 0; time < 8; time += 1) await client.query(ask);
  await storage.append(entries(5_000, ['erp']), options);
  await storage.append(entries(100, ['crm']), options);
  const { rows } = await client.query(`EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${ask}`);
  client.release();
  const { Plan: plan } = rows[0]['QUERY PLAN'][0];
  // 32 deliveries with an event each, and the way to each.
  expect(plan['Shared Hit Blocks'] + plan['Shared Read Blocks']).toBeLessThan(500);
});
