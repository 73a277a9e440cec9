import { refuse } from './core/check.ts';
import type { QueueStorage } from './core/storage.ts';
import { MemoryStorage } from './memory/memory-storage.ts';
import { SqliteStorage } from './sqlite/sqlite-storage.ts';

/** The storage an option names: a file for SQLite, `:memory:`, or the storage itself. */
export function storageFrom<Transaction>(option: string | QueueStorage<Transaction>): QueueStorage<Transaction> {
  if (option === ':memory:') return new MemoryStorage() as QueueStorage<never>;
  // A connection string is no file, and may hold a password.
  if (typeof option === 'string' && option.includes('://'))
    return refuse('ERR_CONFIG_VALUE', 'storage', 'a file name, ":memory:", or a storage');
  if (typeof option === 'string' && option !== '') return new SqliteStorage({ file: option }) as QueueStorage<never>;
  if (typeof option === 'object' && typeof option?.append === 'function') return option;
  return refuse('ERR_CONFIG_VALUE', 'storage', 'a file name, ":memory:", or a storage', option);
}
