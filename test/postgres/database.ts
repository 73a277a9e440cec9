import { Client, Pool, type PoolConfig } from 'pg';
import { inject } from 'vitest';
import type { DatabaseConfig } from './server.ts';
import { sharedServer } from './shared-server.ts';

/** A pool that is told nothing any more once it is ended: its connections may outlive it, and the server end before them. */
export class EndedQuietly extends Pool {
  override end(): Promise<void>;
  override end(callback: () => void): void;
  override end(callback?: () => void): Promise<void> | void {
    this.on('error', () => {});
    return callback === undefined ? super.end() : super.end(callback);
  }
}

/** A database of a test file's own, empty at first. */
export class Database {
  readonly config: DatabaseConfig;
  readonly #pools: Pool[] = [];

  constructor(config: DatabaseConfig) {
    this.config = config;
  }

  get connectionString(): string {
    const { user, host, port, database } = this.config;
    return `postgresql://${user}@${host}:${port}/${database}`;
  }

  /** A pool of connections to it. Who takes the server down listens to its `error`, as a host has to. */
  pool(options: PoolConfig = {}): Pool {
    const pool = new EndedQuietly({ ...this.config, ...options });
    this.#pools.push(pool);
    return pool;
  }

  /** Ends its pools, and removes it, whoever is still connected. */
  async drop(): Promise<void> {
    await Promise.all(this.#pools.filter(({ ended }) => !ended).map((pool) => pool.end()));
    await administer(this.config, `DROP DATABASE ${this.config.database} WITH (FORCE)`);
  }
}

/**
 * A new database, to be dropped after the tests: in the server that all test files of a run share, which starts with the
 * first one, or in the server given.
 *
 * @param clauses of CREATE DATABASE, such as `TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'sv'`.
 */
export async function createDatabase(server?: { readonly config: DatabaseConfig }, clauses = ''): Promise<Database> {
  const { config } = server ?? { config: await sharedServer(inject('sharedPostgres')) };
  const database = `test_${crypto.randomUUID().replaceAll('-', '')}`;
  await administer(config, `CREATE DATABASE ${database} ${clauses}`);
  return new Database({ ...config, database });
}

async function administer(config: DatabaseConfig, statement: string): Promise<void> {
  const client = new Client({ ...config, database: 'postgres' });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
