import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Lease } from '../../src/core/storage.ts';
import { BatchRunner } from '../../src/sqlite/batch-runner.ts';
import type { Call, Outcome } from '../../src/sqlite/protocol.ts';
import { openStorageFile, type StorageFile } from '../../src/sqlite/storage-file.ts';
import { openStoredContent } from '../../src/sqlite/stored-content.ts';
import { entry, newFile, roomy } from './storages.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

const recipientIds = ['crm', 'erp'];

/** A new file with two recipients, and so many events for both. */
async function fileWith(events: number) {
  const opened = new OpenFile(await newFile());
  opened.run(...recipientIds.map((id): Call => ({ operation: 'saveRecipient', args: [{ id, settings: '{}' }] })));
  const entries = Array.from({ length: events }, (_, index) => ({ ...entry(`event-${index + 1}`), recipientIds }));
  opened.run({ operation: 'append', args: [entries, { forgetBefore: 0 }] });
  return opened;
}

/** A file and its runner, in the thread of the test. */
class OpenFile {
  readonly path: string;
  readonly runner: BatchRunner;
  readonly #file: StorageFile;
  #isOpen = true;

  constructor(path: string) {
    this.path = path;
    this.#file = openStorageFile(path);
    this.runner = new BatchRunner(this.#file, roomy);
    onTestFinished(() => void this.dies());
  }

  /** As when its process is killed: nothing that was left to do is done. */
  dies(): string {
    if (this.#isOpen) this.#file.close();
    this.#isOpen = false;
    vi.clearAllTimers();
    return this.path;
  }

  run(...calls: readonly Call[]): readonly unknown[] {
    return this.runner.run(calls).map(answerOf);
  }

  /** Deliveries up to `through` leave these queues. */
  settle(through: number, ...of: readonly string[]): void {
    const times = { now: 0, expiresAt: 1, limit: 9 };
    const [leases] = this.run({ operation: 'claim', args: [{ holder: 'host', ...times, recipientIds: of }] });
    const settlements = (leases as readonly Lease[]).map((lease) => ({
      ...lease,
      through,
      dropped: [],
      state: undefined,
    }));
    this.run({ operation: 'settle', args: [settlements] });
  }

  /** Rows of deliveries, and of what is sent. */
  rows(): { readonly deliveries: number; readonly payloads: number } {
    const count = (table: string) => Number(this.#file.database.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.n);
    return { deliveries: count('deliveries'), payloads: count('payloads') };
  }

  /** What SQLite says of each commit from now on; `null`: nothing is wrong. */
  set trouble(errcode: number | null) {
    const { database } = this.#file;
    const { exec } = Object.getPrototypeOf(database);
    database.exec = (sql) => {
      if (errcode !== null && sql === 'COMMIT') throw Object.assign(new Error('it failed'), { errcode });
      exec.call(database, sql);
    };
  }

  /** Changes the file past us. */
  alter(sql: string): void {
    this.#file.database.exec(sql);
  }
}

function answerOf(outcome: Outcome): unknown {
  if ('error' in outcome) throw new Error(outcome.error.message);
  return outcome.value;
}

describe('deliveries that have left', () => {
  test('go from the tables when there are many, after the calls that they left by', async () => {
    const file = await fileWith(200);
    file.settle(100, 'crm', 'erp');
    file.runner.tidy();
    expect(file.rows()).toEqual({ deliveries: 400, payloads: 200 });
    file.settle(150, 'crm', 'erp');
    expect(file.rows()).toEqual({ deliveries: 400, payloads: 200 });
    file.runner.tidy();
    expect(file.rows()).toEqual({ deliveries: 100, payloads: 50 });
  });

  test('go a tenth of a second later when there are few', async () => {
    const file = await fileWith(3);
    file.settle(1, 'crm', 'erp');
    file.settle(2, 'crm');
    vi.advanceTimersByTime(99);
    expect(file.rows()).toEqual({ deliveries: 6, payloads: 3 });
    vi.advanceTimersByTime(1);
    expect(file.rows()).toEqual({ deliveries: 3, payloads: 2 });
  });

  test('go with the recipient, when it is removed first', async () => {
    const file = await fileWith(3);
    file.settle(3, 'crm');
    expect(file.run({ operation: 'removeRecipient', args: ['crm'] })).toEqual([true]);
    expect(file.rows()).toEqual({ deliveries: 3, payloads: 3 });
    file.settle(3, 'erp');
    vi.advanceTimersByTime(100);
    expect(file.rows()).toEqual({ deliveries: 0, payloads: 0 });
  });

  test('go at the end', async () => {
    const file = await fileWith(3);
    file.settle(3, 'crm', 'erp');
    file.runner.end();
    expect(file.rows()).toEqual({ deliveries: 0, payloads: 0 });
  });

  test('of a process that was killed go when the file is opened again; nothing of them is to be seen before', async () => {
    const killed = await fileWith(3);
    killed.settle(1, 'crm', 'erp');
    killed.settle(3, 'crm');
    killed.dies();
    const file = new OpenFile(killed.path);
    const [stats] = file.run({ operation: 'stats', args: [] });
    expect(stats).toMatchObject([
      { recipientId: 'crm', queued: 0, oldestAt: null },
      { recipientId: 'erp', queued: 2, oldestAt: expect.any(Number) },
    ]);
    expect(file.rows()).toEqual({ deliveries: 6, payloads: 3 });
    vi.advanceTimersByTime(100);
    expect(file.rows()).toEqual({ deliveries: 2, payloads: 2 });
  });

  test('do not belong to what is copied', async () => {
    const file = await fileWith(3);
    file.settle(1, 'crm', 'erp');
    file.settle(3, 'crm');
    file.dies();
    const content = openStoredContent(file.path);
    onTestFinished(() => content.close());
    expect(content.counts()).toMatchObject({ events: 3, deliveries: 2 });
    expect([...content.recipients()]).toMatchObject([
      { settled: 3, last: 3 },
      { settled: 1, last: 3 },
    ]);
    const events = [...content.events()];
    expect(events.map(({ waiting, payload }) => [waiting, payload === null])).toEqual([
      [0, true],
      [1, false],
      [1, false],
    ]);
    expect([...content.deliveries()]).toEqual([
      { recipient: 2, sequence: 2, event: 2, shared: false },
      { recipient: 2, sequence: 3, event: 3, shared: false },
    ]);
  });

  test('that cannot go, because the disk is full, fail no call, and go later', async () => {
    const file = await fileWith(3);
    file.settle(2, 'crm', 'erp');
    file.trouble = 13;
    vi.advanceTimersByTime(100);
    expect(file.rows()).toEqual({ deliveries: 6, payloads: 3 });
    file.trouble = null;
    file.settle(3, 'crm');
    vi.advanceTimersByTime(100);
    expect(file.rows()).toEqual({ deliveries: 1, payloads: 1 });
  });

  test('wait for no other program that has the file locked', async () => {
    const file = await fileWith(3);
    file.settle(3, 'crm', 'erp');
    const other = new DatabaseSync(file.path);
    other.exec('BEGIN IMMEDIATE');
    const begun = performance.now();
    vi.advanceTimersByTime(100);
    expect(performance.now() - begun).toBeLessThan(2_500);
    expect(file.rows()).toEqual({ deliveries: 6, payloads: 3 });
    other.close();
    file.runner.end();
    expect(file.rows()).toEqual({ deliveries: 0, payloads: 0 });
  });

  test('and cannot be written off because the disk fails have the thread end', async () => {
    const file = await fileWith(3);
    file.settle(3, 'crm', 'erp');
    file.trouble = 10;
    expect(() => vi.advanceTimersByTime(100)).toThrow(expect.objectContaining({ code: 'ERR_STORAGE_IO' }));
    expect(file.runner.isSpent).toBe(true);
    file.trouble = null;
    expect(() => file.runner.end()).not.toThrow();
  });

  test('go for whom the file is sound, also when another queue is damaged', async () => {
    const killed = await fileWith(3);
    killed.settle(1, 'crm', 'erp');
    killed.alter("UPDATE recipients SET queue_checksum = 1 WHERE id = 'crm'");
    killed.dies();
    const file = new OpenFile(killed.path);
    file.run({ operation: 'listDropped', args: [{ limit: 1 }] });
    vi.advanceTimersByTime(100);
    expect(file.rows()).toEqual({ deliveries: 5, payloads: 3 });
  });

  test.each([
    ['lacks its end', 'DELETE FROM deliveries WHERE recipient = 1 AND sequence >= 3'],
    ['lacks its beginning', 'DELETE FROM deliveries WHERE recipient = 1 AND sequence = 2'],
    ['lacks all its rows', 'DELETE FROM deliveries WHERE recipient = 1'],
    ['has rows again that were swept', "UPDATE recipients SET swept = 2 WHERE id = 'crm'"],
  ])('are not taken for those that wait, or the other way round, where a queue %s', async (_, sql) => {
    const killed = await fileWith(9);
    killed.settle(1, 'crm');
    vi.advanceTimersByTime(100);
    killed.settle(5, 'crm');
    killed.alter(sql);
    killed.dies();
    const file = new OpenFile(killed.path);
    expect(() => file.settle(6, 'crm')).toThrow('a queue does not begin where it should');
    const content = openStoredContent(file.dies());
    onTestFinished(() => content.close());
    expect(() => [...content.recipients()]).toThrow(expect.objectContaining({ code: 'ERR_STORAGE_CORRUPT' }));
  });

  test('that are rolled back with all that came with them wait again', async () => {
    const file = await fileWith(3);
    file.settle(1, 'crm', 'erp');
    file.trouble = 5;
    expect(() => file.settle(3, 'crm', 'erp')).toThrow();
    file.trouble = null;
    vi.advanceTimersByTime(100);
    expect(file.rows()).toEqual({ deliveries: 4, payloads: 2 });
    expect(file.run({ operation: 'stats', args: [] })[0]).toMatchObject([{ queued: 2 }, { queued: 2 }]);
  });
});
