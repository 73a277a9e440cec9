import { DatabaseSync } from 'node:sqlite';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { NewEntry } from '../../src/core/storage.ts';
import { BatchRunner } from '../../src/sqlite/batch-runner.ts';
import { openStorageFile } from '../../src/sqlite/storage-file.ts';
import { storedEvent } from '../../src/testing.ts';
import { entry, leaseOn, newFile, openStorage, rememberAll, roomy } from './storages.ts';

/** Every statement the storage prepares, with the steps SQLite takes for it. */
async function queryPlans(): Promise<ReadonlyMap<string, readonly string[]>> {
  const prepare = vi.spyOn(DatabaseSync.prototype, 'prepare');
  onTestFinished(() => prepare.mockRestore());
  const file = openStorageFile(await newFile());
  new BatchRunner(file, roomy);
  const statements = prepare.mock.calls.map(([sql]) => sql).filter((sql) => !/^\s*PRAGMA/.test(sql));
  prepare.mockRestore();
  const plans = statements.map((sql): [string, string[]] => {
    const steps = file.database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all();
    return [sql, steps.map(({ detail }) => String(detail))];
  });
  file.close();
  return new Map(plans);
}

describe('a large backlog', () => {
  test('is never searched row by row: no statement scans what grows with it', async () => {
    const plans = await queryPlans();
    expect(plans.size).toBeGreaterThan(20);
    for (const [sql, steps] of plans) {
      expect(
        steps.filter((step) => /^SCAN (deliveries|events|payloads)\b/.test(step)),
        sql,
      ).toEqual([]);
    }
  });

  test('is found by its index', async () => {
    const plans = [...(await queryPlans()).values()].flat();
    expect(plans).toContain('SEARCH deliveries USING PRIMARY KEY (recipient=? AND sequence=?)');
  });

  test('stays what it is: 50,000 deliveries, most of one recipient, read and settled at either end', async () => {
    const storage = await openStorage(await newFile());
    await storage.saveRecipient({ id: 'erp', settings: '{}' });
    const entries = Array.from({ length: 50_000 }, (_, index): NewEntry => {
      const recipientIds = index % 100 === 99 ? ['erp'] : ['crm'];
      return { event: storedEvent({ id: `event-${index}` }), recipientIds };
    });
    for (let first = 0; first < entries.length; first += 1_000) {
      await storage.append(entries.slice(first, first + 1_000), rememberAll);
    }
    expect(await storage.stats()).toMatchObject([{ queued: 49_500 }, { queued: 500 }]);
    const lease = await leaseOn(storage);
    expect((await storage.read(lease, 2, 1e6)).map(({ event }) => event.id)).toEqual(['event-0', 'event-1']);
    await storage.settle([{ ...lease, through: 49_499, dropped: [], state: undefined }]);
    expect(await storage.read(lease, 2, 1e6)).toMatchObject([{ sequence: 49_500, event: { id: 'event-49998' } }]);
  });
});

describe('what is kept of events', () => {
  function count(file: string, table: string): number {
    const database = new DatabaseSync(file, { readOnly: true });
    const row = database.prepare(`SELECT count(*) AS rows FROM ${table}`).get();
    database.close();
    return Number(row?.rows);
  }

  test('the data is there once for all recipients, and gone soon after the last has it', async () => {
    const file = await newFile();
    const storage = await openStorage(file);
    await storage.saveRecipient({ id: 'erp', settings: '{}' });
    const { event } = entry('event-1', '{"secret":"hunter2"}');
    await storage.append([{ event, recipientIds: ['crm', 'erp'] }], rememberAll);
    expect(count(file, 'payloads')).toBe(1);
    const leases = await storage.claim({ holder: 'test', now: 0, expiresAt: 1, limit: 2 });
    for (const [index, lease] of leases.entries()) {
      await storage.settle([{ ...lease, through: 1, dropped: [], state: undefined }]);
      await expect.poll(() => count(file, 'deliveries')).toBe(1 - index);
      expect(count(file, 'payloads')).toBe(1 - index);
    }
  });

  test('the data of an event nobody wants is not kept', async () => {
    const file = await newFile();
    const storage = await openStorage(file);
    const results = await storage.append([{ ...entry('event-1'), recipientIds: ['nobody'] }], rememberAll);
    expect(results).toEqual([{ status: 'stored', recipientIds: [] }]);
    expect(count(file, 'payloads')).toBe(0);
  });

  test('outdated ids are forgotten on the way, whatever the clock once said; waiting events keep theirs', async () => {
    const file = await newFile();
    const storage = await openStorage(file);
    const acceptedAt = (id: string, time: number, recipientIds: readonly string[]): NewEntry => ({
      event: storedEvent({ id, acceptedAt: time }),
      recipientIds,
    });
    await storage.append([acceptedAt('waiting', 1, ['crm']), acceptedAt('of-2100', 4e12, [])], rememberAll);
    for (let now = 2; now <= 4_000; now += 1) {
      // Ids are remembered for 1,000.
      await storage.append([acceptedAt(`event-${now}`, now, [])], { forgetBefore: now - 1_000 });
    }
    expect(count(file, 'events')).toBeGreaterThanOrEqual(1_000);
    expect(count(file, 'events')).toBeLessThan(1_700);
    const again = await storage.append(
      [acceptedAt('waiting', 5_000, ['crm']), acceptedAt('of-2100', 5_000, []), acceptedAt('event-3500', 5_000, [])],
      { forgetBefore: 3_000 },
    );
    expect(again.map(({ status }) => status)).toEqual(['duplicate', 'duplicate', 'duplicate']);
  });

  test('of the dropped deliveries the newest 10,000 are kept', async () => {
    const file = await newFile();
    const storage = await openStorage(file);
    const lease = await leaseOn(storage);
    const dropped = Array.from({ length: 12_000 }, (_, index) => ({
      recipientId: 'crm',
      sequence: index + 1,
      eventId: `event-${index}`,
      type: 'order.paid',
      occurredAt: 0,
      acceptedAt: 0,
      droppedAt: 0,
      reason: 'removed' as const,
      error: null,
    }));
    await storage.settle([{ ...lease, through: 0, dropped, state: undefined }]);
    expect(count(file, 'dropped')).toBe(10_000);
    expect(await storage.listDropped({ limit: 1 })).toMatchObject([{ sequence: 12_000 }]);
  });
});
