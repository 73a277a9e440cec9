import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';

/** A recipient, and what is for it. */
export type Row = readonly [recipient: number, data: string];

const database = new DatabaseSync(workerData as string);
database.exec(`
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  CREATE TABLE deliveries (id INTEGER PRIMARY KEY, recipient INTEGER NOT NULL, data TEXT NOT NULL);
  CREATE INDEX queues ON deliveries (recipient, id);
`);
const insert = database.prepare('INSERT INTO deliveries (recipient, data) VALUES (?, ?)');

parentPort?.on('message', (rows: readonly Row[]) => {
  database.exec('BEGIN IMMEDIATE');
  for (const row of rows) insert.run(...row);
  database.exec('COMMIT');
  parentPort?.postMessage(null);
});
