import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { Client, type Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { createDatabase, type Database, EndedQuietly } from './database.ts';
import { findPrograms } from './programs.ts';
import { startServer } from './server.ts';

/** The first value of the first row. */
async function firstValue(client: Client | Pool, statement: string): Promise<unknown> {
  const { rows } = await client.query({ text: statement, rowMode: 'array' });
  return rows[0]?.[0];
}

describe('the server that test files share', () => {
  let one: Database;
  let other: Database;
  beforeAll(async () => {
    [one, other] = await Promise.all([createDatabase(), createDatabase()]);
  });
  afterAll(() => Promise.all([one.drop(), other.drop()]));

  test('gives each a database of its own', async () => {
    await one.pool().query('CREATE TABLE mine ()');
    expect(await firstValue(other.pool(), "SELECT to_regclass('mine')")).toBeNull();
    expect(await firstValue(one.pool(), "SELECT to_regclass('mine')")).toBe('mine');
    expect(one.config.port).toBe(other.config.port);
  });

  test('is found by its address, too', async () => {
    const pool = new EndedQuietly({ connectionString: one.connectionString });
    expect(await firstValue(pool, 'SELECT current_database()')).toBe(one.config.database);
    await pool.end();
  });

  test('is of the version that is asked for', async () => {
    const programs = await findPrograms(undefined, '');
    const version = execFileSync(join(programs, 'postgres'), ['--version'], { encoding: 'utf8' });
    expect(version.trim()).toBe(`postgres (PostgreSQL) ${await firstValue(one.pool(), 'SHOW server_version')}`);
  });

  test('flushes to the disk, and takes connections of this machine only', async () => {
    const setting = (name: string) => firstValue(one.pool({ max: 1 }), `SELECT current_setting('${name}')`);
    expect(await setting('fsync')).toBe('on');
    expect(await setting('synchronous_commit')).toBe('on');
    expect(await setting('full_page_writes')).toBe('on');
    expect(await setting('listen_addresses')).toBe('127.0.0.1');
  });

  test('drops a database that is in use', async () => {
    const database = await createDatabase();
    const client = new Client(database.config);
    const terminated = new Promise((resolve) => client.on('error', resolve));
    await client.connect();
    await database.drop();
    expect(await terminated).toMatchObject({ code: '57P01' });
  });

  test('drops a database although the server has not yet noticed the end of a pool', async () => {
    const database = await createDatabase();
    const pid = Number(await firstValue(database.pool(), 'SELECT pg_backend_pid()'));
    process.kill(pid, 'SIGSTOP');
    const dropped = database.drop();
    const isTold = async () =>
      expect(
        await firstValue(one.pool(), "SELECT count(*) > 0 FROM pg_stat_activity WHERE query ^@ 'DROP DATABASE'"),
      ).toBe(true);
    await vi.waitFor(isTold, { timeout: 20_000 });
    process.kill(pid, 'SIGCONT');
    await dropped;
  });
});

describe("a test's own server", () => {
  test('has the settings it is given, comes back with its data after kill -9, and leaves nothing behind', async () => {
    const server = await startServer({ max_connections: 7 });
    onTestFinished(() => server.stop());
    const query = async (statement: string): Promise<unknown> => {
      const client = new Client(server.config);
      client.on('error', () => {});
      await client.connect();
      try {
        return await firstValue(client, statement);
      } finally {
        await client.end();
      }
    };
    expect(await query('SHOW max_connections')).toBe('7');
    const folder = String(await query('SHOW data_directory'));

    for (let number = 1; number <= 3; number++) {
      const idle = new Client(server.config);
      idle.on('error', () => {});
      await idle.connect();
      await query(`CREATE TABLE kept_${number} ()`);
      await server.kill();
      await expect(query('SELECT 1')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
      await server.restart();
    }
    await server.restart();
    expect(await query("SELECT count(*)::int FROM pg_tables WHERE tablename LIKE 'kept_%'")).toBe(3);

    await server.stop();
    expect(existsSync(folder)).toBe(false);
  });

  test('ends, and leaves nothing behind, when the process that started it is killed', async () => {
    const program = new URL('./children/run-server.ts', import.meta.url).pathname;
    const child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    const [data] = await once(createInterface(child.stdout), 'line');
    expect(existsSync(data)).toBe(true);
    child.kill('SIGKILL');
    await vi.waitFor(() => expect(existsSync(dirname(data))).toBe(false), { timeout: 20_000 });
  });
});
