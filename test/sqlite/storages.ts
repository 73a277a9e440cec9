import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Lease, NewEntry, StorageLimits } from '../../src/core/storage.ts';
import { SqliteStorage } from '../../src/sqlite.ts';
import { storedEvent } from '../../src/testing.ts';

/** Limits that no test reaches unless it is about them. */
export const roomy: StorageLimits = { maxDeliveries: 1_000_000, maxBytes: 1e9 };

/** A directory of the test's own, removed after it. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'outbound-events-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  return directory;
}

/** Path of a file that is not there yet, in a directory of the test's own. */
export async function newFile(): Promise<string> {
  return join(await temporaryDirectory(), 'queue.db');
}

/** An open storage with the recipient `crm`, closed after the test. */
export async function openStorage(file: string, limits = roomy): Promise<SqliteStorage> {
  const storage = new SqliteStorage({ file });
  onTestFinished(() => storage.close());
  await storage.open(limits);
  await storage.saveRecipient({ id: 'crm', settings: '{}' });
  return storage;
}

/** The lease on the queue of `crm`. */
export async function leaseOn(storage: SqliteStorage): Promise<Lease> {
  const [lease] = await storage.claim({ holder: 'test', now: 0, expiresAt: 1, limit: 1, recipientIds: ['crm'] });
  if (lease === undefined) throw new Error('the queue of crm cannot be claimed');
  return lease;
}

/** One event for `crm`, as `append` takes it. */
export function entry(id: string, data?: string): NewEntry {
  return { event: storedEvent({ id, ...(data === undefined ? {} : { data }) }), recipientIds: ['crm'] };
}

/** Remembers every event id. */
export const rememberAll = { forgetBefore: 0 } as const;

/** What tells whether a file has changed. */
export async function fingerprint(file: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
}
