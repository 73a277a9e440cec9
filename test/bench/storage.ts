import { join } from 'node:path';
import type { QueueStorage } from 'outbound-events';

export const limits = { maxDeliveries: 10_000_000, maxBytes: 100 * 1024 ** 3 };

/** Opens what is in a folder, or at the URL of a PostgreSQL database. What each needs is loaded only then, as in a host. */
export async function openStorage(storage: string): Promise<QueueStorage> {
  if (!storage.startsWith('postgres:')) {
    const { SqliteStorage } = await import('outbound-events/sqlite');
    return new SqliteStorage({ file: join(storage, 'queue.db') });
  }
  const [{ Pool }, { PostgresStorage }] = await Promise.all([import('pg'), import('outbound-events/postgres')]);
  const pool = new Pool({ connectionString: storage, max: 5, allowExitOnIdle: true });
  pool.on('error', () => {});
  return new PostgresStorage({ pool });
}
