import { type AddressInfo, createServer } from 'node:net';
import { Pool } from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { PostgresStorage } from '../../src/postgres.ts';
import { BlackHole } from './black-hole.ts';
import { createDatabase, Database } from './database.ts';
import { deliveries, host, ownDatabase, until } from './hosts.ts';
import { startServer } from './server.ts';

const url = 'https://example.com/';
const limits = { maxDeliveries: 1_000, maxBytes: 1e9 };

test('after a kill -9 of the server everything that was accepted is delivered, in order (F70)', async () => {
  const server = await startServer();
  onTestFinished(() => server.stop());
  const database = await createDatabase(server);
  const { outbound, http } = host(database);
  outbound.on('error', () => {});
  await outbound.addHttpRecipient({ id: 'crm', name: 'CRM', url, events: '*' });
  await outbound.start();
  const orders = Array.from({ length: 60 }, (_, index) => index);
  for (const order of orders) {
    if (order === 20 || order === 40) await server.kill();
    const options = { id: `order-${order}` };
    for (let stored = false; !stored; ) {
      try {
        await outbound.emit('order.paid', { order }, options);
        stored = true;
      } catch (error) {
        // Either way emitting again with the same id is safe.
        expect(['ERR_STORAGE_UNAVAILABLE', 'ERR_OUTCOME_UNKNOWN']).toContain((error as { code: string }).code);
        await server.restart();
      }
    }
  }
  await until(async () => (await outbound.status()).recipients[0]?.queued === 0);
  const delivered = http.attempts.map(({ sequence }) => sequence);
  // An answer that could not be recorded is asked for again: the same number, never an earlier one.
  expect(delivered).toEqual(delivered.toSorted((a, b) => a - b));
  expect(new Set(delivered).size).toBe(orders.length);
});

test.each([
  ['synchronous_commit', { synchronous_commit: 'off' }],
  ['fsync', { fsync: 'off' }],
  ['full_page_writes', { full_page_writes: 'off' }],
])('a server that may lose what was committed is warned about: %s (F72)', async (setting, settings) => {
  const server = await startServer(settings);
  onTestFinished(() => server.stop());
  const database = await createDatabase(server);
  const storage = new PostgresStorage({ pool: database.pool() });
  const warnings = await storage.open(limits);
  await storage.close();
  await database.drop();
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toContain(`${setting} is off`);
});

test('a server that keeps its promises is not warned about', async () => {
  const database = await ownDatabase();
  const storage = new PostgresStorage({ pool: database.pool() });
  expect(await storage.open(limits)).toEqual([]);
  await storage.close();
});

test('an answer that is lost makes the outcome unknown, and emitting again stores nothing twice (F71)', async () => {
  const database = await ownDatabase();
  const hole = await BlackHole.start(database.config);
  onTestFinished(() => hole[Symbol.asyncDispose]());
  const { outbound } = host(new Database(hole.config));
  outbound.on('error', () => {});
  await outbound.addHttpRecipient({ id: 'crm', name: 'CRM', url, events: '*' });
  // Connections enough, that none has to be opened while answers are held back.
  await Promise.all(Array.from({ length: 8 }, () => outbound.status()));
  hole.hold('answers');
  const emitted = outbound.emit('order.paid', { order: 1 }, { id: 'order-1' });
  const stored = database.pool();
  for (let count = 0; count === 0; ) {
    const { rows } = await stored.query('SELECT count(*)::int AS n FROM outbound_events.deliveries');
    count = rows[0].n;
  }
  hole.cut();
  await hole.goOn();
  await expect(emitted).rejects.toMatchObject({ code: 'ERR_OUTCOME_UNKNOWN' });
  // The pool may not have noticed yet that its other connections are broken too.
  const again = () => outbound.emit('order.paid', { order: 1 }, { id: 'order-1' }).catch(() => null);
  let answer = await again();
  while (answer === null) answer = await again();
  expect(answer).toMatchObject({ duplicate: true });
});

test('a server that goes away in the very moment of a login is told, and does not end the process', async () => {
  const field = (code: string, text: string): string => `${code}${text}\0`;
  const message = (type: string, body: Buffer): Buffer => {
    const head = Buffer.alloc(5, type);
    head.writeInt32BE(body.length + 4, 1);
    return Buffer.concat([head, body]);
  };
  const loginIsDone = Buffer.concat([message('R', Buffer.alloc(4)), message('Z', Buffer.from('I'))]);
  const farewell = [field('S', 'FATAL'), field('C', '57P01'), field('M', 'unexpected postmaster exit'), '\0'].join('');
  // All in one packet, as a server sends it that is killed meanwhile.
  const answer = Buffer.concat([loginIsDone, message('E', Buffer.from(farewell))]);
  const server = createServer((socket) => socket.on('error', () => {}).once('data', () => socket.end(answer)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const pool = new Pool({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres', ssl: false });
  pool.on('error', () => {});
  onTestFinished(() => pool.end());
  await expect(new PostgresStorage({ pool }).open(limits)).rejects.toMatchObject({ code: 'ERR_OUTCOME_UNKNOWN' });
});

test('a server that cannot be reached is told, and nothing is stored', async () => {
  const database = await ownDatabase();
  const hole = await BlackHole.start(database.config);
  onTestFinished(() => hole[Symbol.asyncDispose]());
  await hole.refuse();
  const { outbound } = host(new Database(hole.config));
  await expect(outbound.emit('order.paid', { order: 1 })).rejects.toMatchObject({ code: 'ERR_STORAGE_UNAVAILABLE' });
});

test('several processes may migrate at a time, and a schema of a newer version is refused', async () => {
  const database = await ownDatabase();
  const storages = Array.from(
    { length: 8 },
    () => new PostgresStorage({ pool: database.pool({ max: 2 }), schema: 'own' }),
  );
  await Promise.all(storages.map((storage) => storage.migrate()));
  await database.pool().query('UPDATE own.schema_version SET version = 1000');
  await expect(storages[0]?.open(limits)).rejects.toMatchObject({ code: 'ERR_SCHEMA_NEWER' });
});

test('a storage that may not migrate says what is missing, and works when the host has migrated', async () => {
  const database = await ownDatabase();
  const storage = new PostgresStorage({ pool: database.pool(), migrate: false });
  await expect(storage.open(limits)).rejects.toMatchObject({ code: 'ERR_STORAGE_OPEN' });
  await storage.migrate();
  expect(await storage.open(limits)).toEqual([]);
  await storage.close();
});

test('a database that cannot hold every character is refused', async () => {
  const database = await createDatabase(undefined, "TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'");
  onTestFinished(() => database.drop());
  const storage = new PostgresStorage({ pool: database.pool() });
  await expect(storage.open(limits)).rejects.toMatchObject({
    code: 'ERR_STORAGE_OPEN',
    message: expect.stringContaining('LATIN1'),
  });
});

test.each(['repeatable read', 'serializable'])(
  'works in a database whose transactions are %s by default (F73)',
  async (isolation) => {
    const database = await ownDatabase();
    await database
      .pool()
      .query(`ALTER DATABASE ${database.config.database} SET default_transaction_isolation = '${isolation}'`);
    const hosts = Array.from({ length: 4 }, () => host(database, {}, { max: 4 }));
    const [first] = hosts;
    await first?.outbound.addHttpRecipient({ id: 'crm', name: 'CRM', url, events: '*' });
    const done = deliveries(hosts, 200);
    await Promise.all(hosts.map(({ outbound }) => outbound.start()));
    await Promise.all(
      hosts.map(async ({ outbound }) => {
        for (let order = 1; order <= 50; order += 1) await outbound.emit('order.paid', { order });
      }),
    );
    expect((await done).map(({ sequence }) => sequence)).toEqual(Array.from({ length: 200 }, (_, index) => index + 1));
  },
);

test.each(['', 'Public', '1a', 'a-b', 'x'.repeat(64), 'a"; drop', 5])(
  'a schema named %j is refused',
  async (schema) => {
    const pool = { connect: () => expect.unreachable() };
    expect(() => new PostgresStorage({ pool, schema: schema as string })).toThrow(/^schema must be/);
  },
);
