import { expect, onTestFinished, test, vi } from 'vitest';
import { Database } from './database.ts';
import { deliveries, host, ownDatabase, until } from './hosts.ts';
import { hasPgBouncer, startPgBouncer } from './pgbouncer.ts';
import { TransactionPooler } from './transaction-pooler.ts';

const url = 'https://example.com/';
const names = Array.from({ length: 12 }, (_, index) => `r${index}`);

async function addAll({ outbound }: Pick<ReturnType<typeof host>, 'outbound'>): Promise<void> {
  for (const id of names) await outbound.addHttpRecipient({ id, name: id, url, events: '*' });
}

/** How many queues each process holds, most first. */
async function shares({ pool }: Pick<ReturnType<typeof host>, 'pool'>): Promise<readonly number[]> {
  const { rows } = await pool.query(
    'SELECT count(*)::int AS n FROM outbound_events.queues WHERE holder IS NOT NULL GROUP BY holder ORDER BY n DESC',
  );
  return rows.map(({ n }) => n);
}

test('queues are spread over the processes, and again when one comes or goes', async () => {
  const database = await ownDatabase();
  const options = { leaseDuration: '1s' } as const;
  const [a, b, c] = [host(database, options), host(database, options), host(database, options)];
  await addAll(a);
  await a.outbound.start();
  expect(await shares(a)).toEqual([12]);
  await b.outbound.start();
  await until(async () => (await shares(a)).join() === '6,6');
  await c.outbound.start();
  await until(async () => (await shares(a)).join() === '4,4,4');
  await b.outbound.stop();
  await until(async () => (await shares(a)).join() === '6,6');
});

test('the queues of a process whose session ends are taken over at once, long before the lease runs out', async () => {
  const database = await ownDatabase();
  const [a, b] = [host(database), host(database)];
  await addAll(a);
  await a.outbound.start();
  await b.outbound.start();
  const before = performance.now();
  // As if its process were killed: its connections close, and it never comes back.
  await a.pool
    .query(`SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid =
    (SELECT DISTINCT session FROM outbound_events.queues)::oid`)
    .catch(() => {});
  await a.outbound.stop();
  await until(async () => (await shares(b)).join() === '12');
  expect(performance.now() - before).toBeLessThan(25_000);
});

test('a recipient that is added, changed or removed in one process is so in all', async () => {
  const database = await ownDatabase();
  const [a, b] = [host(database), host(database)];
  await a.outbound.start();
  expect(await b.outbound.listRecipients()).toEqual([]);
  await a.outbound.addHttpRecipient({ id: 'crm', name: 'CRM', url, events: '*' });
  await until(async () => (await b.outbound.listRecipients()).length === 1);
  const done = deliveries([a], 1);
  expect((await b.outbound.emit('order.paid', { order: 1 })).deliveries).toEqual([{ recipientId: 'crm' }]);
  await done;
  await b.outbound.updateRecipient('crm', { enabled: false });
  await until(async () => (await a.outbound.listRecipients())[0]?.enabled === false);
  await b.outbound.removeRecipient('crm');
  await until(async () => (await a.outbound.listRecipients()).length === 0);
});

test('recipients are not read again for every change that was made here', async () => {
  const database = await ownDatabase();
  const { outbound, storage } = host(database);
  const list = vi.spyOn(storage, 'listRecipients');
  for (let index = 0; index < 50; index += 1) {
    await outbound.addHttpRecipient({ id: `r${index}`, name: `r${index}`, url, events: '*' });
  }
  // Once at the start, and as often as it is looked for what was missed.
  expect(list.mock.calls.length).toBeLessThan(10);
});

test('recipients that are declared again as they are, as at every start, are nothing that others would have to read', async () => {
  const database = await ownDatabase();
  const [a, b] = [host(database), host(database)];
  const crm = { id: 'crm', name: 'CRM', url, events: '*' } as const;
  await a.outbound.addHttpRecipient(crm);
  await b.outbound.listRecipients();
  const revision = async () =>
    (await database.pool().query('SELECT revision FROM outbound_events.totals')).rows[0].revision;
  const before = await revision();
  await b.outbound.addHttpRecipient(crm);
  expect(await revision()).toBe(before);
  await a.outbound.removeRecipient('crm');
  await b.outbound.addHttpRecipient(crm);
  expect((await a.storage.listRecipients()).map(({ id }) => id)).toEqual(['crm']);
});

test('changes of different settings in two processes at a time are both kept', async () => {
  const database = await ownDatabase();
  const [a, b] = [host(database), host(database)];
  await a.outbound.addHttpRecipient({ id: 'crm', name: 'CRM', url, events: '*' });
  await b.outbound.listRecipients();
  for (let round = 1; round <= 20; round += 1) {
    await Promise.all([
      a.outbound.updateRecipient('crm', { timeout: round * 1_000 }),
      b.outbound.updateRecipient('crm', { headers: { 'x-round': String(round) } }),
    ]);
    const [record] = await b.storage.listRecipients();
    expect(JSON.parse(record?.settings ?? '')).toMatchObject({
      timeout: round * 1_000,
      headers: { 'x-round': String(round) },
    });
  }
});

test('a recipient can be removed with its backlog by a process that does not hold its queue', async () => {
  const database = await ownDatabase();
  const [a, b] = [host(database), host(database)];
  a.http.hold('crm');
  await a.outbound.addHttpRecipient({ id: 'crm', name: 'CRM', url, events: '*' });
  await a.outbound.start();
  for (let order = 1; order <= 3; order += 1) await b.outbound.emit('order.paid', { order });
  await expect(b.outbound.removeRecipient('crm')).rejects.toMatchObject({ code: 'ERR_RECIPIENT_BACKLOG' });
  await b.outbound.removeRecipient('crm', { backlog: 'drop' });
  expect((await b.outbound.listDropped()).map(({ sequence, reason }) => [sequence, reason])).toEqual([
    [3, 'removed'],
    [2, 'removed'],
    [1, 'removed'],
  ]);
  expect(await b.storage.listRecipients()).toEqual([]);
});

test('an event that another process emitted is delivered without waiting for the next look', async () => {
  const database = await ownDatabase();
  const [a, b] = [host(database), host(database)];
  await a.outbound.addHttpRecipient({ id: 'crm', name: 'CRM', url, events: '*' });
  await a.outbound.start();
  await b.outbound.listRecipients();
  const before = performance.now();
  for (let order = 1; order <= 20; order += 1) {
    const done = deliveries([a], 1);
    await b.outbound.emit('order.paid', { order });
    await done;
  }
  // Looking comes every 5 s: these 20 would take 100 s.
  expect(performance.now() - before).toBeLessThan(20_000);
});

test('a pool of one connection works by looking, and says so', async () => {
  const database = await ownDatabase();
  const a = host(database, {}, { max: 1 });
  const warnings: string[] = [];
  a.outbound.on('error', ({ message }) => warnings.push(message));
  await a.outbound.addHttpRecipient({ id: 'crm', name: 'CRM', url, events: '*' });
  expect(warnings.join()).toContain('LISTEN does not work through this pool');
  await a.outbound.start();
  const b = host(database);
  const done = deliveries([a], 1);
  await b.outbound.emit('order.paid', { order: 1 });
  await done;
});

for (const [name, start, isHere] of [
  ['our pooler', TransactionPooler.start, true],
  ['PgBouncer (skipped where there is none)', startPgBouncer, hasPgBouncer],
] as const) {
  test.skipIf(!isHere)(
    `behind ${name}, which shares connections by transaction, it works by looking (F71)`,
    async () => {
      const database = await ownDatabase();
      const pooler = await start(database.config, 4);
      onTestFinished(() => pooler[Symbol.asyncDispose]());
      const [a, b] = [host(new Database(pooler.config)), host(new Database(pooler.config))];
      const warnings: string[] = [];
      a.outbound.on('error', ({ message }) => warnings.push(message));
      await a.outbound.addHttpRecipient({ id: 'crm', name: 'CRM', url, events: '*' });
      expect(warnings.join()).toContain('LISTEN does not work through this pool');
      await a.outbound.start();
      const done = deliveries([a], 3);
      for (let order = 1; order <= 2; order += 1) await b.outbound.emit('order.paid', { order });
      const client = await b.pool.connect();
      await client.query('BEGIN');
      await b.outbound.emit('order.paid', { order: 3 }, { transaction: client });
      await client.query('COMMIT');
      client.release();
      expect((await done).map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
    },
  );
}
