export type { PostgresClient, PostgresPool, PostgresQueryable, PostgresTransaction } from './postgres/pool.ts';
export { PostgresStorage, type PostgresStorageOptions } from './postgres/postgres-storage.ts';
