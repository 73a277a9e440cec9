import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import type { QueueState } from '../../src/core/queue-state.ts';
import { type CopyToPostgresOptions, copyToPostgres, type PostgresPool, PostgresStorage } from '../../src/postgres.ts';
import { SqliteStorage } from '../../src/sqlite.ts';
import { Child } from '../sqlite/child.ts';
import { entry, fingerprint, leaseOn, newFile, openStorage, rememberAll, roomy } from '../sqlite/storages.ts';
import { contentOfDatabase, contentOfFile, poolOf, rowsIn } from './copying.ts';
import { createDatabase, type Database } from './database.ts';
import { host, ownDatabase } from './hosts.ts';
import { startServer } from './server.ts';

const empty = { recipients: 0, tails: 0, queues: 0, events: 0, payloads: 0, deliveries: 0, shares: 0, dropped: 0 };
const state: QueueState = { failing: null, head: null, owedRecovery: null };

/** Two recipients, 20 events for both, one of them dropped for `crm`. */
async function fileWithQueues(): Promise<string> {
  const file = await newFile();
  const storage = await openStorage(file);
  await storage.saveRecipient({ id: 'erp', settings: '{}' });
  const entries = Array.from({ length: 20 }, (_, index) => ({
    ...entry(`event-${index}`),
    recipientIds: ['crm', 'erp'],
  }));
  await storage.append(entries, rememberAll);
  const times = { occurredAt: 1, acceptedAt: 2, droppedAt: 3 };
  const dropped = { ...times, recipientId: 'crm', sequence: 1, eventId: 'event-0', type: 'order.paid' } as const;
  const lease = await leaseOn(storage);
  await storage.settle([{ ...lease, through: 1, dropped: [{ ...dropped, reason: 'removed', error: null }], state }]);
  await storage.close();
  return file;
}

/** A pool that does something before the statements that look like this. */
function interrupted(pool: PostgresPool, statements: RegExp, act: () => Promise<unknown>): PostgresPool {
  return {
    connect(callback) {
      pool.connect((error, client) => {
        const query = client?.query.bind(client);
        if (client !== undefined && query !== undefined) {
          client.query = async (text, values) => {
            if (statements.test(text)) await act();
            return query(text, values);
          };
        }
        callback(error, client);
      });
    },
  };
}

/** Ends all connections to the database but that of `pool` that asks for it. */
async function endConnections(database: Database): Promise<void> {
  const pool = poolOf(database);
  await pool.query(
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()',
  );
  await pool.end();
}

/** With the schema made, and empty. */
async function migrated(database: Database): Promise<Database> {
  await new PostgresStorage({ pool: poolOf(database) }).migrate();
  return database;
}

async function expectCopied(database: Database, file: string): Promise<void> {
  expect((await contentOfDatabase(database)).content).toEqual((await contentOfFile(file)).content);
}

test('a file that a running host has is refused, and nothing is made', async () => {
  const file = await newFile();
  const child = new Child('hold', [file]);
  await child.says('open');
  const database = await ownDatabase();
  const pool = poolOf(database);
  await expect(copyToPostgres({ file, pool })).rejects.toMatchObject({ code: 'ERR_STORAGE_LOCKED' });
  const { rows } = await pool.query("SELECT FROM pg_namespace WHERE nspname = 'outbound_events'");
  expect(rows).toEqual([]);
});

test('no host can open the file while it is copied; afterwards it can, whatever became of the copy', async () => {
  const file = await fileWithQueues();
  const database = await ownDatabase();
  const isLocked = async () =>
    expect(new SqliteStorage({ file }).open(roomy)).rejects.toMatchObject({ code: 'ERR_STORAGE_LOCKED' });
  await copyToPostgres({ file, pool: interrupted(poolOf(database), /^COMMIT/, isLocked) });
  await (await openStorage(file)).close();
  await expect(copyToPostgres({ file, pool: poolOf(database) })).rejects.toMatchObject({ code: 'ERR_COPY_TARGET' });
  await (await openStorage(file)).close();
});

test.each([
  ['a recipient', 'save', { recipients: 1, tails: 1, queues: 1 }],
  ['an event that was delivered', 'append', { events: 1 }],
] as const)('a schema that holds %s is refused, and left as it is', async (_, what, rows) => {
  const file = await fileWithQueues();
  const database = await ownDatabase();
  const storage = new PostgresStorage({ pool: poolOf(database) });
  await storage.open(roomy);
  if (what === 'save') await storage.saveRecipient({ id: 'crm', settings: '{"its":"own"}' });
  else await storage.append([{ ...entry('event'), recipientIds: [] }], rememberAll);
  await storage.close();
  await expect(copyToPostgres({ file, pool: poolOf(database) })).rejects.toMatchObject({
    code: 'ERR_COPY_TARGET',
    message: expect.stringContaining('it holds recipients or events already'),
  });
  expect(await rowsIn(database)).toEqual({ ...empty, ...rows });
});

test.each(['started', 'only emits'])(
  'a schema that a host (%s) has open is refused, until it is stopped',
  async (what) => {
    const file = await fileWithQueues();
    const database = await ownDatabase();
    const { outbound } = host(database);
    if (what === 'started') await outbound.start();
    else expect(await outbound.listRecipients()).toEqual([]);
    await expect(copyToPostgres({ file, pool: poolOf(database) })).rejects.toMatchObject({
      code: 'ERR_COPY_TARGET',
      message: expect.stringContaining('a host has it open'),
    });
    expect(await rowsIn(database)).toEqual(empty);
    await outbound.stop();
    await copyToPostgres({ file, pool: poolOf(database) });
    await expectCopied(database, file);
  },
);

test.each([
  ['recipients', /INSERT INTO .*\.recipients/],
  ['events', /INSERT INTO .*\.payloads/],
  ['deliveries', /INSERT INTO .*\.deliveries/],
  ['dropped', /INSERT INTO .*\.dropped/],
  ['the end', /setval/],
])('a connection that is lost at %s leaves nothing behind, and the copy can be begun again', async (_, statements) => {
  const file = await fileWithQueues();
  const database = await migrated(await ownDatabase());
  const before = await fingerprint(file);
  const pool = interrupted(poolOf(database), statements, () => endConnections(database));
  await expect(copyToPostgres({ file, pool })).rejects.toMatchObject({
    code: 'ERR_STORAGE_UNAVAILABLE',
    message: expect.stringContaining('nothing of it was kept'),
  });
  expect(await rowsIn(database)).toEqual(empty);
  expect(await fingerprint(file)).toBe(before);
  await copyToPostgres({ file, pool: poolOf(database) });
  await expectCopied(database, file);
});

test('of a connection that is lost at the commit the outcome is not known', async () => {
  const file = await fileWithQueues();
  const database = await migrated(await ownDatabase());
  const pool = interrupted(poolOf(database), /^COMMIT/, () => endConnections(database));
  await expect(copyToPostgres({ file, pool })).rejects.toMatchObject({ code: 'ERR_OUTCOME_UNKNOWN' });
});

test('a server that is killed in the middle has nothing of it when it is there again', async () => {
  const server = await startServer();
  onTestFinished(() => server.stop());
  const database = await migrated(await createDatabase(server));
  const file = await fileWithQueues();
  const pool = interrupted(poolOf(database), /INSERT INTO .*\.deliveries/, () => server.kill());
  await expect(copyToPostgres({ file, pool })).rejects.toMatchObject({ code: 'ERR_STORAGE_UNAVAILABLE' });
  await server.restart();
  expect(await rowsIn(database)).toEqual(empty);
  await copyToPostgres({ file, pool: poolOf(database) });
  await expectCopied(database, file);
  await database.drop();
});

test('what onProgress throws ends the copy, and nothing is kept', async () => {
  const file = await fileWithQueues();
  const database = await ownDatabase();
  const cause = new Error('enough');
  const onProgress = () => {
    throw cause;
  };
  await expect(copyToPostgres({ file, pool: poolOf(database), onProgress })).rejects.toMatchObject({
    code: 'ERR_LISTENER',
    cause,
  });
  expect(await rowsIn(database)).toEqual(empty);
});

test.each([
  ['recipients', "NEW.settings := '{ }'; RETURN NEW;", 'recipients were not stored as they are in the file'],
  ['tails', 'NEW.last := NEW.last + 1; RETURN NEW;', 'recipients were not stored as they are in the file'],
  ['payloads', "NEW.data := NEW.data || ' '; RETURN NEW;", 'events were not stored as they are in the file'],
  ['events', "NEW.digest := ''; RETURN NEW;", 'events were not stored as they are in the file'],
  ['deliveries', 'NEW.shared := false; RETURN NEW;', 'deliveries were not stored as they are in the file'],
  ['deliveries', 'IF NEW.sequence = 20 THEN RETURN NULL; END IF; RETURN NEW;', 'deliveries were not stored'],
  ['dropped', "NEW.error := '{}'; RETURN NEW;", 'dropped were not stored as they are in the file'],
])('what is altered on its way into %s (%s) is found, and nothing is kept', async (table, body, message) => {
  const file = await fileWithQueues();
  const database = await migrated(await ownDatabase());
  const pool = poolOf(database);
  await pool.query(`
    CREATE FUNCTION alter_row () RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${body} END $$;
    CREATE TRIGGER alter_row BEFORE INSERT ON outbound_events.${table} FOR EACH ROW EXECUTE FUNCTION alter_row();`);
  await expect(copyToPostgres({ file, pool })).rejects.toMatchObject({
    code: 'ERR_COPY_DIFFERS',
    message: expect.stringContaining(message),
  });
  expect(await rowsIn(database)).toEqual(empty);
});

test('rows that come from elsewhere are found', async () => {
  const file = await fileWithQueues();
  const database = await migrated(await ownDatabase());
  const pool = poolOf(database);
  await pool.query(`
    CREATE FUNCTION add_row () RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      INSERT INTO outbound_events.events (key, id, digest, accepted_at) VALUES (1000, 'own', '', 0); RETURN NULL;
    END $$;
    CREATE TRIGGER add_row AFTER INSERT ON outbound_events.dropped FOR EACH ROW EXECUTE FUNCTION add_row();`);
  await expect(copyToPostgres({ file, pool })).rejects.toMatchObject({
    code: 'ERR_COPY_DIFFERS',
    message: 'of 20 events in the file 21 were copied; nothing of the copy was kept',
  });
});

test.each([
  ['UPDATE events SET waiting = 3 WHERE key = 5', 'ERR_COPY_DIFFERS', '1 events do not wait for as many recipients'],
  ["UPDATE payloads SET data = '{}' WHERE event = 5", 'ERR_STORAGE_CORRUPT', 'is damaged'],
  ['DELETE FROM deliveries WHERE recipient = 2 AND sequence = 20', 'ERR_COPY_DIFFERS', 'wait for as many recipients'],
])('a file that is damaged (%s) is not copied', async (sql, code, message) => {
  const file = await fileWithQueues();
  const sqlite = new DatabaseSync(file);
  sqlite.exec(sql);
  sqlite.close();
  const database = await ownDatabase();
  await expect(copyToPostgres({ file, pool: poolOf(database) })).rejects.toMatchObject({
    code,
    message: expect.stringContaining(message),
  });
  expect(await rowsIn(database)).toEqual(empty);
});

test('what is wrong with the options is said at once', async () => {
  const pool: PostgresPool = { connect: () => expect.unreachable() };
  const refused = (options: Partial<Record<keyof CopyToPostgresOptions, unknown>>) =>
    expect(copyToPostgres({ file: 'queue.db', pool, ...options } as CopyToPostgresOptions)).rejects;
  await refused({ file: ':memory:' }).toMatchObject({ code: 'ERR_CONFIG_VALUE', field: 'file' });
  await refused({ pool: {} }).toMatchObject({ code: 'ERR_CONFIG_VALUE', field: 'pool' });
  await refused({ schema: 'My Schema' }).toMatchObject({ code: 'ERR_CONFIG_VALUE', field: 'schema' });
  await refused({ onProgress: 1 }).toMatchObject({ code: 'ERR_CONFIG_VALUE', field: 'onProgress' });
  await refused({ file: '/nowhere/queue.db' }).toMatchObject({ code: 'ERR_STORAGE_OPEN' });
});
