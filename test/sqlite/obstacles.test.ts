import { rename, stat } from 'node:fs/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import type { RecipientRecord } from '../../src/core/storage.ts';
import { entry, leaseOn, newFile, openStorage, rememberAll, roomy } from './storages.ts';

/** Another program's connection to the file. */
function anotherProgram(file: string): DatabaseSync {
  const database = new DatabaseSync(file);
  onTestFinished(() => database.close());
  return database;
}

test('while another program has the file locked, calls wait, then fail; the host goes on, and all is well after it', async () => {
  const file = await newFile();
  const storage = await openStorage(file);
  const other = anotherProgram(file);
  other.exec('BEGIN IMMEDIATE');

  const begun = performance.now();
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  const calls = [1, 2, 3].map((number) => storage.append([entry(`event-${number}`)], rememberAll));
  for (const call of await Promise.allSettled(calls)) {
    expect(call).toMatchObject({ reason: { code: 'ERR_STORAGE_BUSY', message: expect.stringContaining(file) } });
  }
  delay.disable();
  expect(performance.now() - begun).toBeGreaterThan(4_000);
  // A host that waited itself would stand still all the time.
  expect(delay.percentile(99) / 1e6).toBeLessThan(1_000);

  other.exec('COMMIT');
  expect(await storage.append([entry('event-1')], rememberAll)).toMatchObject([{ status: 'stored' }]);
});

test('calls wait for a lock that is let go in time', async () => {
  const file = await newFile();
  const storage = await openStorage(file);
  const other = anotherProgram(file);
  other.exec('BEGIN IMMEDIATE');
  const append = storage.append([entry('event-1')], rememberAll);
  // However fast the thread is: by then it waits for the lock.
  await setTimeout(200);
  other.exec('COMMIT');
  expect(await append).toMatchObject([{ status: 'stored' }]);
});

test('leases are extended and given back while another program has the file locked', async () => {
  const file = await newFile();
  const storage = await openStorage(file);
  const lease = await leaseOn(storage);
  anotherProgram(file).exec('BEGIN IMMEDIATE');
  expect(await storage.renew([lease], { now: 0, expiresAt: 10 })).toEqual([]);
  await storage.release([lease]);
});

test('a program that reads for long cannot make the log outgrow the limit, and is named as the cause', async () => {
  const file = await newFile();
  const limit = 3_000_000;
  const storage = await openStorage(file, { ...roomy, maxBytes: limit });
  const lease = await leaseOn(storage);
  const reader = anotherProgram(file);
  reader.exec('BEGIN; SELECT count(*) FROM deliveries');

  let refusal: unknown;
  for (let number = 1; refusal === undefined; number += 1) {
    refusal = await storage.append([entry(`event-${number}`)], rememberAll).then(
      () => undefined,
      (error: unknown) => error,
    );
    // Delivered at once: it is not the backlog that grows.
    await storage.settle([{ ...lease, through: number, dropped: [], state: undefined }]);
    expect((await stat(`${file}-wal`)).size).toBeLessThan(2 * limit);
  }
  expect(refusal).toMatchObject({
    code: 'ERR_STORAGE_BUSY',
    message: expect.stringMatching(/another program has been reading/),
  });

  reader.exec('COMMIT');
  expect(await storage.append([entry('event-0')], rememberAll)).toMatchObject([{ status: 'stored' }]);
});

test('nothing is accepted into a log that was moved away, and all is well when it is put back', async () => {
  const file = await newFile();
  const storage = await openStorage(file);
  await rename(`${file}-wal`, `${file}-wal.away`);
  await expect(storage.append([entry('event-1')], rememberAll)).rejects.toMatchObject({
    code: 'ERR_STORAGE_FAILED',
    message: expect.stringMatching(/-wal file was removed or renamed while in use/),
  });
  await rename(`${file}-wal.away`, `${file}-wal`);
  expect(await storage.append([entry('event-1')], rememberAll)).toMatchObject([{ status: 'stored' }]);
});

test('a call that cannot be carried out fails alone, and what came with it is stored', async () => {
  // No delivery of the attempt to carry out all together may be counted.
  const storage = await openStorage(await newFile(), { ...roomy, maxDeliveries: 2 });
  const lease = await leaseOn(storage);
  const unstorable = { id: 'erp', settings: null } as unknown as RecipientRecord;
  const results = await Promise.allSettled([
    storage.append([entry('event-1')], rememberAll),
    storage.append([entry('event-2')], rememberAll),
    storage.settle([{ ...lease, through: 1, dropped: [], state: undefined }]),
    storage.append([entry('event-3')], rememberAll),
    storage.saveRecipient(unstorable),
  ]);
  expect(results).toMatchObject([
    { value: [{ status: 'stored' }] },
    { value: [{ status: 'stored' }] },
    { value: [true] },
    { value: [{ status: 'stored' }] },
    { reason: { code: 'ERR_STORAGE_FAILED' } },
  ]);
  const waiting = await storage.read(lease, 10, 1e6);
  expect(waiting.map(({ sequence, event }) => `${sequence}:${event.id}`)).toEqual(['2:event-2', '3:event-3']);
});
