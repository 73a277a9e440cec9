import { relative } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Worker } from 'node:worker_threads';
import { describe, expect, test } from 'vitest';
import { SqliteStorage, type SqliteStorageOptions } from '../../src/sqlite.ts';
import { Child } from './child.ts';
import { entry, leaseOn, newFile, openStorage, rememberAll, roomy } from './storages.ts';

describe('options', () => {
  test.each<[string, unknown, RegExp]>([
    ['none', undefined, /options must be a.* object; got undefined/],
    ['no file', {}, /file must be the path of a file/],
    ['an empty path', { file: ' ' }, /file must be the path of a file; got " "/],
    ['a path that is no text', { file: 7 }, /file must be the path of a file; got 7/],
    ['a path with a NUL', { file: 'a\0b' }, /file must be the path of a file/],
    ['memory, which is another storage', { file: ':memory:' }, /file must be the path of a file; got ":memory:"/],
  ])('%s is refused at once', (_, options, message) => {
    expect(() => new SqliteStorage(options as SqliteStorageOptions)).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG_VALUE', message: expect.stringMatching(message) }),
    );
  });

  test('a misspelt one is refused at once', () => {
    expect(() => new SqliteStorage({ flie: 'queue.db' } as unknown as SqliteStorageOptions)).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG_UNKNOWN_OPTION', message: expect.stringContaining('"file"') }),
    );
  });

  test('a relative path is one of the working directory', async () => {
    const file = await newFile();
    await openStorage(relative(process.cwd(), file));
    await expect(new SqliteStorage({ file }).open(roomy)).rejects.toMatchObject({ code: 'ERR_STORAGE_LOCKED' });
  });
});

describe('open and close', () => {
  test('calls before it is opened are refused', async () => {
    const storage = new SqliteStorage({ file: await newFile() });
    await expect(storage.listRecipients()).rejects.toMatchObject({ code: 'ERR_STORAGE_CLOSED' });
    await storage.close();
  });

  test('it is open once at a time', async () => {
    const storage = await openStorage(await newFile());
    await expect(storage.open(roomy)).rejects.toMatchObject({
      code: 'ERR_STORAGE_FAILED',
      message: expect.stringContaining('is open already'),
    });
  });

  test('it can be opened again, also while it is being closed', async () => {
    const storage = await openStorage(await newFile());
    await storage.append([entry('event-1')], rememberAll);
    const closing = storage.close();
    await storage.open(roomy);
    await closing;
    expect(await storage.stats('crm')).toMatchObject([{ queued: 1 }]);
  });

  test('it can be closed while it is being opened', async () => {
    const storage = new SqliteStorage({ file: await newFile() });
    const opening = storage.open(roomy);
    await storage.close();
    expect(await opening).toEqual([]);
    await expect(storage.listRecipients()).rejects.toMatchObject({ code: 'ERR_STORAGE_CLOSED' });
  });

  test('an idle storage does not keep the process alive, a pending call does, and Node says nothing of SQLite', async () => {
    const child = new Child('append-and-end', [await newFile()]);
    expect(await child.ended).toEqual({ code: 0, signal: null, lines: ['stored'], errors: '' });
  });
});

test('events cannot join a transaction', async () => {
  const storage = await openStorage(await newFile());
  const options = { ...rememberAll, transaction: {} as never };
  await expect(storage.append([entry('event-1')], options)).rejects.toMatchObject({
    code: 'ERR_TRANSACTION_UNSUPPORTED',
  });
});

test('what is not data is refused, and nothing else with it', async () => {
  const storage = await openStorage(await newFile());
  const results = await Promise.allSettled([
    storage.append([entry('event-1')], rememberAll),
    storage.saveRecipient({ id: 'erp', settings: (() => '{}') as unknown as string }),
  ]);
  expect(results).toMatchObject([
    { status: 'fulfilled' },
    { reason: { code: 'ERR_STORAGE_FAILED', message: 'what a storage is given must be data; got a function' } },
  ]);
});

describe('when its thread dies', () => {
  /** The thread of the storage that `open` opens. */
  async function threadOf<T>(open: () => Promise<T>): Promise<[T, Worker]> {
    const started = Promise.withResolvers<Worker>();
    process.once('worker', started.resolve);
    const opened = await open();
    return [opened, await started.promise];
  }

  test('calls are refused, and those that may have happened say so', async () => {
    const file = await newFile();
    const [storage, thread] = await threadOf(() => openStorage(file));
    const lease = await leaseOn(storage);
    const underWay = [storage.append([entry('event-1')], rememberAll), storage.read(lease, 1, 1)];
    // Once they are under way.
    await new Promise(setImmediate);
    const waiting = storage.append([entry('event-2')], rememberAll);
    const ended = Promise.allSettled([...underWay, waiting]);
    await thread.terminate();
    const codes = (await ended).map((result) => (result.status === 'rejected' ? result.reason.code : result.status));
    expect(codes).toEqual(['ERR_OUTCOME_UNKNOWN', 'ERR_STORAGE_FAILED', 'ERR_STORAGE_FAILED']);
    expect((await ended)[1]).toMatchObject({
      reason: {
        message: expect.stringMatching(/the thread that works on .* has ended .*; the next call starts another/),
      },
    });
  });

  test('the next calls start another, with all that was stored, in order, and without the leases', async () => {
    const [storage, thread] = await threadOf(async () => openStorage(await newFile()));
    const lease = await leaseOn(storage);
    await storage.append([entry('event-1')], rememberAll);
    await thread.terminate();
    const calls = [storage.append([entry('event-2')], rememberAll), storage.append([entry('event-3')], rememberAll)];
    await Promise.all(calls);
    expect(await storage.stats('crm')).toMatchObject([{ queued: 3 }]);
    expect(await storage.read(lease, 10, 1_000)).toEqual([]);
    const head = await storage.read(await leaseOn(storage), 10, 1_000);
    expect(head.map(({ event }) => event.id)).toEqual(['event-1', 'event-2', 'event-3']);
  });

  test('and it can be opened again by itself', async () => {
    const [storage, thread] = await threadOf(async () => openStorage(await newFile()));
    await storage.append([entry('event-1')], rememberAll);
    await thread.terminate();
    await storage.open(roomy);
    expect(await storage.stats('crm')).toMatchObject([{ queued: 1 }]);
  });

  test('closing it is no error', async () => {
    const [storage, thread] = await threadOf(async () => openStorage(await newFile()));
    await thread.terminate();
    await storage.close();
  });
});

test('rows of forgotten events are used again, and nothing is mixed up', async () => {
  const file = await newFile();
  const storage = await openStorage(file);
  const lease = await leaseOn(storage);
  const forgetAll = { forgetBefore: Number.MAX_SAFE_INTEGER };
  const ids = Array.from({ length: 5_000 }, (_, index) => `event-${index}`);
  for (let first = 0; first < ids.length; first += 100) {
    const waiting = ids.slice(first, first + 100);
    await storage.append(
      waiting.map((id) => entry(id, JSON.stringify({ id }))),
      forgetAll,
    );
    const read = await storage.read(lease, 100, 1e9);
    expect(read.map(({ event }) => [event.id, event.data])).toEqual(waiting.map((id) => [id, JSON.stringify({ id })]));
    await storage.settle([{ ...lease, through: first + 100, dropped: [], state: undefined }]);
  }
  await storage.close();
  const database = new DatabaseSync(file, { readOnly: true });
  expect(database.prepare('SELECT max(key) AS last FROM events').get()?.last).toBeLessThan(ids.length / 2);
  database.close();
});
