import type { PoolConfig } from 'pg';
import type { QueueStorage } from '../../src/index.ts';
import { SqliteStorage } from '../../src/sqlite.ts';

/** Where a host keeps its queues: a file, or a database that others work with too. */
export type HostStorage = { readonly file: string } | { readonly database: PoolConfig };

export async function openStorage(storage: HostStorage): Promise<QueueStorage> {
  return 'file' in storage ? new SqliteStorage(storage) : openPostgres(storage.database);
}

/** Its packages are loaded only here: a host over a file does not have them. */
async function openPostgres(database: PoolConfig): Promise<QueueStorage> {
  const [{ Pool }, { PostgresStorage }] = await Promise.all([import('pg'), import('../../src/postgres.ts')]);
  const pool = new Pool({ max: 5, ...database, allowExitOnIdle: true });
  pool.on('error', () => {});
  return new PostgresStorage({ pool });
}
