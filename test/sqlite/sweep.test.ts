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
    onTestFinished(() => this.dies());
  }

  /** As when its process is killed: nothing that was left to do is done. */
  dies(): void {
    if (this.#isOpen) this.#file.close();
    this.#isOpen = false;
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

  /** Whether commits fail, as on a disk that is full. */
  set isFull(isFull: boolean) {
    const { database } = this.#file;
    const { exec } = Object.getPrototypeOf(database);
    database.exec = (sql) => {
      if (isFull && sql === 'COMMIT') throw Object.assign(new Error('database or disk is full'), { errcode: 13 });
      exec.call(database, sql);
    };
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

  test('that cannot go fail no call, and go later', async () => {
    const file = await fileWith(3);
    file.settle(2, 'crm', 'erp');
    file.isFull = true;
    vi.advanceTimersByTime(100);
    expect(file.rows()).toEqual({ deliveries: 6, payloads: 3 });
    file.isFull = false;
    file.settle(3, 'crm');
    vi.advanceTimersByTime(100);
    expect(file.rows()).toEqual({ deliveries: 1, payloads: 1 });
  });
});
