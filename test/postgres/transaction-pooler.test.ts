import { connect } from 'node:net';
import { Client, type Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createDatabase, type Database, EndedQuietly } from './database.ts';
import { hasPgBouncer, startPgBouncer } from './pgbouncer.ts';
import { asksFor, MessageCutter, message } from './protocol.ts';
import { TransactionPooler } from './transaction-pooler.ts';

let database: Database;
beforeAll(async () => {
  database = await createDatabase();
});
afterAll(() => database.drop());

const poolers = [
  { name: 'our pooler', start: TransactionPooler.start, isHere: true },
  { name: 'PgBouncer (skipped where there is none)', start: startPgBouncer, isHere: hasPgBouncer },
];

describe.each(poolers)('$name', ({ start, isHere }) => {
  describe.skipIf(!isHere)('in the mode "transaction"', () => {
    /** Clients that share so many connections. */
    async function clients(count: number, size: number): Promise<Client[]> {
      const pooler = await start(database.config, size);
      const all = Array.from({ length: count }, () => new Client(pooler.config).on('error', () => {}));
      await Promise.all(all.map((client) => client.connect()));
      onTestFinished(async () => {
        await Promise.all(all.map((client) => client.end()));
        await pooler[Symbol.asyncDispose]();
      });
      return all;
    }

    const backendOf = async (client: Client | Pool): Promise<number> =>
      (await client.query('SELECT pg_backend_pid() AS pid')).rows[0].pid;

    test('many clients share few connections, statements with parameters and errors among them', async () => {
      const pooler = await start(database.config, 2);
      const pool = new EndedQuietly({ ...pooler.config, max: 10 });
      const backends = await Promise.all(Array.from({ length: 50 }, () => backendOf(pool)));
      expect(new Set(backends).size).toBeLessThanOrEqual(2);
      const sums = await Promise.all(
        Array.from({ length: 50 }, (_, n) => pool.query('SELECT $1::int + 1 AS sum', [n])),
      );
      expect(sums.map(({ rows }) => rows[0].sum)).toEqual(Array.from({ length: 50 }, (_, n) => n + 1));
      await expect(pool.query('SELECT 1 / $1::int', [0])).rejects.toMatchObject({ code: '22012' });
      expect((await pool.query("SELECT repeat('a', 1000000) AS text")).rows[0].text).toHaveLength(1_000_000);
      await pool.end();
      await pooler[Symbol.asyncDispose]();
    });

    test('statements that are sent together are all answered', async () => {
      const pooler = await start(database.config, 1);
      const { host, port, user, database: name } = pooler.config;
      const socket = connect({ host, port });
      onTestFinished(async () => {
        socket.destroy();
        await pooler[Symbol.asyncDispose]();
      });
      socket.write(message('', asksFor.session, 'user', user, 'database', name, ''));
      socket.write(Buffer.concat([message('Q', 'SELECT pg_sleep(0.01)'), message('Q', 'SELECT 1')]));
      const messages = new MessageCutter(true);
      const types: string[] = [];
      // A row each, and ReadyForQuery: for the session, and for each statement.
      for await (const chunk of socket) {
        types.push(...Array.from(messages.take(chunk), ({ type }) => type));
        if (types.filter((type) => type === 'Z').length === 3) break;
      }
      expect(types.filter((type) => type === 'D')).toHaveLength(2);
    });

    test('clients learn the parameters of the server when they connect', async () => {
      const pooler = await start(database.config, 1);
      const client = new Client(pooler.config);
      const said: string[] = [];
      client.connection.on('parameterStatus', ({ parameterName }) => said.push(parameterName));
      await client.connect();
      expect(said).toContain('server_version');
      await client.end();
      await pooler[Symbol.asyncDispose]();
    });

    test('a transaction keeps its connection, and others wait for it', async () => {
      const [one, other] = (await clients(2, 1)) as [Client, Client];
      await one.query('BEGIN');
      let isAnswered = false;
      const answered = backendOf(other).then((pid) => {
        isAnswered = true;
        return pid;
      });
      for (let count = 0; count < 10; count++) await one.query('SELECT 1');
      expect(isAnswered).toBe(false);
      const backend = await backendOf(one);
      await one.query('COMMIT');
      expect(await answered).toBe(backend);
    });

    test('what belongs to a session belongs to whoever has the connection next', async () => {
      const [one, other] = (await clients(2, 1)) as [Client, Client];
      const lock = 'SELECT pg_try_advisory_lock(1) AS taken';
      expect((await one.query(lock)).rows).toEqual([{ taken: true }]);
      expect((await other.query(lock)).rows).toEqual([{ taken: true }]);
      await other.query('SELECT pg_advisory_unlock_all()');
    });

    test('notifications do not reach a client between its transactions', async () => {
      const [one] = (await clients(1, 1)) as [Client];
      const direct = new Client(database.config);
      await direct.connect();
      onTestFinished(() => direct.end());
      const heard: string[] = [];
      for (const [client, name] of [
        [one, 'pooled'],
        [direct, 'direct'],
      ] as const) {
        client.on('notification', () => heard.push(name));
        await client.query('LISTEN news');
      }
      await direct.query('NOTIFY news');
      for (let count = 0; count < 10; count++) await direct.query('SELECT 1');
      expect(heard).toEqual(['direct']);
    });

    test('a transaction that its client leaves is undone', async () => {
      const [one, other] = (await clients(2, 1)) as [Client, Client];
      await one.query('BEGIN');
      await one.query('CREATE TABLE undone ()');
      await one.end();
      expect((await other.query("SELECT to_regclass('undone') AS found")).rows).toEqual([{ found: null }]);
    });
  });
});
