import { join } from 'node:path';
import type { StorageKind } from './arena.ts';
import type { Client, Setup } from './contestant.ts';

/** Who takes part. */
export interface Entrant {
  readonly title: string;
  /** Its module, and its name there if it is not the default export. */
  readonly module: string;
  readonly name?: string;
  /** Where it keeps what it is given. */
  readonly keeps: StorageKind;
  /** Of the events, what a slow one gets in a run: its rates are the same with fewer. */
  readonly share?: number;
  readonly settings?: object;
}

const contestants = join(import.meta.dirname, 'contestants');
const own = join(contestants, 'outbound-events.ts');
const peers = join(import.meta.dirname, 'peers');
const graphileWorker = join(peers, 'graphile-worker.mjs');

export const bare: Entrant = { title: 'bare', module: join(peers, 'bare.mjs'), keeps: 'folder' };

export const ownOnSqlite: Entrant = {
  title: 'outbound-events, SQLite',
  module: own,
  name: 'enterOnSqlite',
  keeps: 'folder',
};

export const ownOnPostgres: Entrant = {
  title: 'outbound-events, PostgreSQL',
  module: own,
  name: 'enterOnPostgres',
  keeps: 'PostgreSQL',
};

/** It only stores. */
export const rawSqlite: Entrant = {
  title: 'node:sqlite alone',
  module: join(contestants, 'raw-sqlite.ts'),
  keeps: 'folder',
};

export const rawSqliteWithOurRows: Entrant = {
  ...rawSqlite,
  title: 'node:sqlite alone, our rows',
  settings: { rows: 'ours' },
};

export const plainjob: Entrant = {
  title: 'plainjob, FULL',
  module: join(peers, 'plainjob.mjs'),
  keeps: 'folder',
  share: 1 / 4,
};

export const bullmq: Entrant = {
  title: 'BullMQ, fsync always',
  module: join(peers, 'bullmq.mjs'),
  keeps: 'Redis',
};

export const pgBoss: Entrant = {
  title: 'pg-boss',
  module: join(peers, 'pg-boss.mjs'),
  keeps: 'PostgreSQL',
  share: 1 / 2,
};

export const graphileOrdered: Entrant = {
  title: 'graphile-worker, ordered',
  module: graphileWorker,
  keeps: 'PostgreSQL',
  share: 1 / 4,
};

/** A fetch finds at most one job of each queue, which is less than it asks for, and so it waits for its next poll each time. */
export const graphileBatched: Entrant = {
  title: 'graphile-worker, ordered, in batches',
  module: graphileWorker,
  keeps: 'PostgreSQL',
  share: 1 / 4,
  settings: { localQueue: { size: 17 }, completeJobBatchDelay: 0, pollInterval: 2 },
};

/** What an entrant is told to be set up with. */
export function setupOf(entrant: Entrant, given: Pick<Setup, 'url' | 'client' | 'recipients' | 'storage'>): Setup {
  const data = { lsid: 'a1', external_key: 'x'.repeat(1_000) };
  return { ...given, data, concurrency: Math.min(given.recipients, 16), settings: entrant.settings ?? {} };
}

export const clients: readonly Client[] = ['got', 'undici'];
