import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { migrations } from '../../../src/sqlite/schema.ts';

/** A recipient, and what is for it. */
export type Row = readonly [recipient: number, data: string];

/** Its rows may be one for each event, or the three in the tables that outbound-events has. */
export interface RawData {
  readonly path: string;
  readonly rows: 'own' | 'ours';
}

const { path, rows } = workerData as RawData;
const database = new DatabaseSync(path);
database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
const insert = rows === 'ours' ? insertOurs() : insertOwn();

parentPort?.on('message', (group: readonly Row[]) => {
  database.exec('BEGIN IMMEDIATE');
  for (const row of group) insert(...row);
  database.exec('COMMIT');
  parentPort?.postMessage(null);
});

function insertOwn(): (...row: Row) => void {
  database.exec(`
    CREATE TABLE deliveries (id INTEGER PRIMARY KEY, recipient INTEGER NOT NULL, data TEXT NOT NULL);
    CREATE INDEX queues ON deliveries (recipient, id)`);
  const statement = database.prepare('INSERT INTO deliveries (recipient, data) VALUES (?, ?)');
  return (...row) => statement.run(...row);
}

function insertOurs(): (...row: Row) => void {
  for (const step of migrations) database.exec(step);
  const event = database.prepare('INSERT INTO events (id, digest, accepted_at, waiting) VALUES (?, ?, ?, 1)');
  const payload = database.prepare("INSERT INTO payloads VALUES (?, 'order.paid', '1.0.0', ?, ?, 4000000000)");
  const delivery = database.prepare('INSERT INTO deliveries VALUES (?, ?, ?, 4000000000)');
  const digest = 'x'.repeat(44);
  let sequence = 0;
  return (recipient, data) => {
    sequence += 1;
    const now = Date.now();
    const { lastInsertRowid: key } = event.run(String(sequence).padStart(36, '0'), digest, now);
    payload.run(key, now, data);
    delivery.run(recipient, sequence, key);
  };
}
