export { SqliteStorage, type SqliteStorageOptions } from './sqlite/sqlite-storage.ts';
