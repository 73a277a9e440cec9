export { type CopyProgress, type CopyToPostgresOptions, copyToPostgres } from './copy-to-postgres.ts';
export type { ContentCounts } from './core/storage-content.ts';
export type { PostgresClient, PostgresPool, PostgresQueryable, PostgresTransaction } from './postgres/pool.ts';
export { PostgresStorage, type PostgresStorageOptions } from './postgres/postgres-storage.ts';
