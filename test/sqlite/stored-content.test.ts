import { readdir, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import type { StorageContent } from '../../src/core/storage-content.ts';
import { openStoredContent } from '../../src/sqlite/stored-content.ts';
import { SqliteStorage } from '../../src/sqlite.ts';
import { failingState } from '../../src/testing/storage-subject.ts';
import { killAmidWork, said } from './child.ts';
import { entry, fingerprint, leaseOn, newFile, openStorage, rememberAll, roomy } from './storages.ts';

const state = failingState('answered 500; only 200 counts');

function open(file: string): StorageContent {
  const content = openStoredContent(file);
  onTestFinished(() => content.close());
  return content;
}

/** A closed file: 20 events for two recipients, of which one has 5 behind it. */
async function fileWithQueues(): Promise<string> {
  const file = await newFile();
  const storage = await openStorage(file);
  await storage.saveRecipient({ id: 'erp', settings: '{"url":"https://erp.example.com/"}' });
  for (let number = 1; number <= 20; number += 1) {
    const { event } = entry(`event-${number}`, JSON.stringify({ number, text: 'ä😀' }));
    await storage.append([{ event, recipientIds: number === 20 ? [] : ['crm', 'erp'] }], rememberAll);
  }
  await storage.settle([{ ...(await leaseOn(storage)), through: 5, dropped: [], state }]);
  await storage.close();
  return file;
}

test('gives all that the file holds, and leaves it as it is', async () => {
  const file = await fileWithQueues();
  const before = await fingerprint(file);
  const content = openStoredContent(file);
  expect(content.counts()).toEqual({ recipients: 2, events: 20, deliveries: 33, dropped: 0 });
  expect(content.fence()).toBe(1);
  expect([...content.recipients()]).toEqual([
    { key: 1, id: 'crm', settings: '{}', settled: 5, last: 19, state: JSON.stringify(state) },
    { key: 2, id: 'erp', settings: '{"url":"https://erp.example.com/"}', settled: 0, last: 19, state: null },
  ]);
  const events = [...content.events()];
  expect(events.map(({ id }) => id)).toEqual(Array.from({ length: 20 }, (_, index) => `event-${index + 1}`));
  expect(events.map(({ waiting }) => waiting)).toEqual([...Array(5).fill(1), ...Array(14).fill(2), 0]);
  expect(events[18]?.payload).toMatchObject({ type: 'order.paid', data: '{"number":19,"text":"ä😀"}' });
  expect(events[19]?.payload).toBeNull();
  const deliveries = [...content.deliveries()];
  expect(deliveries.slice(0, 2)).toEqual([
    { recipient: 1, sequence: 6, event: 6, shared: true },
    { recipient: 1, sequence: 7, event: 7, shared: true },
  ]);
  expect(deliveries[14]).toEqual({ recipient: 2, sequence: 1, event: 1, shared: false });
  content.close();
  expect(await fingerprint(file)).toBe(before);
});

test('what a killed process left in the log belongs to it; the file and the log stay as they are', async () => {
  const file = await newFile();
  const lines = await killAmidWork(file);
  expect((await stat(`${file}-wal`)).size).toBeGreaterThan(0);
  const before = [await fingerprint(file), await fingerprint(`${file}-wal`)];
  const content = openStoredContent(file);
  const ids = new Set(Array.from(content.events(), ({ id }) => id));
  const stored = said(lines, 'stored');
  expect(stored.filter((id) => !ids.has(id))).toEqual([]);
  content.close();
  expect([await fingerprint(file), await fingerprint(`${file}-wal`)]).toEqual(before);
});

test('a file that a storage has open is refused; and while its content is read no storage can open it', async () => {
  const file = await newFile();
  const storage = await openStorage(file);
  expect(() => openStoredContent(file)).toThrow(expect.objectContaining({ code: 'ERR_STORAGE_LOCKED' }));
  await storage.close();
  const content = openStoredContent(file);
  const other = new SqliteStorage({ file });
  await expect(other.open(roomy)).rejects.toMatchObject({ code: 'ERR_STORAGE_LOCKED' });
  content.close();
  await openStorage(file);
});

test('where there is no file none is made', async () => {
  const file = await newFile();
  expect(() => openStoredContent(file)).toThrow(expect.objectContaining({ code: 'ERR_STORAGE_OPEN' }));
  expect(await readdir(dirname(file))).toEqual([]);
});

test.each([
  ['of another application', 'PRAGMA application_id = 7', 'ERR_STORAGE_CORRUPT'],
  ['of a later release', 'PRAGMA user_version = 99', 'ERR_SCHEMA_NEWER'],
  ['of an older release', 'PRAGMA user_version = 0', 'ERR_STORAGE_OPEN'],
])('a file %s is refused, and free again', async (_, sql, code) => {
  const file = await fileWithQueues();
  alter(file, sql);
  for (let time = 1; time <= 2; time += 1) {
    expect(() => openStoredContent(file)).toThrow(expect.objectContaining({ code }));
  }
});

test('a file that is empty, or is no database, is refused', async () => {
  const file = await newFile();
  await writeFile(file, '');
  expect(() => openStoredContent(file)).toThrow(expect.objectContaining({ code: 'ERR_STORAGE_OPEN' }));
  await writeFile(file, 'orders, 2026');
  expect(() => openStoredContent(file)).toThrow(expect.objectContaining({ code: 'ERR_STORAGE_CORRUPT' }));
});

/** One change each that keeps the file a sound database, and so goes past SQLite. */
test.each([
  ["UPDATE payloads SET data = replace(data, 'ä', 'a') WHERE event = 10"],
  ["UPDATE events SET id = 'event-x' WHERE key = 10"],
  ['DELETE FROM payloads WHERE event = 10'],
  ['DELETE FROM events WHERE key = 10'],
  ['UPDATE events SET waiting = 0 WHERE key = 10'],
  ['UPDATE deliveries SET event = 11 WHERE sequence = 10 AND recipient = 1'],
  ['DELETE FROM deliveries WHERE sequence = 10 AND recipient = 1'],
  ['DELETE FROM deliveries WHERE sequence = 6 AND recipient = 1'],
  ['DELETE FROM recipients WHERE key = 2'],
  ['UPDATE recipients SET settled = settled + 1 WHERE key = 1'],
  ["UPDATE recipients SET settings = replace(settings, 'com', 'org')"],
  ["UPDATE recipients SET state = 'x'"],
  ["INSERT INTO dropped VALUES (1, 'crm', 1, 'e', 't', 1, 1, 1, 'expired', 'x')"],
])('what was altered is not given out: %s', async (sql) => {
  const file = await fileWithQueues();
  alter(file, sql);
  const content = open(file);
  const all = () =>
    [content.recipients(), content.events(), content.deliveries(), content.dropped()].map((rows) => [...rows]);
  expect(all).toThrow(expect.objectContaining({ code: 'ERR_STORAGE_CORRUPT' }));
});

function alter(file: string, sql: string): void {
  const database = new DatabaseSync(file);
  database.exec(sql);
  database.close();
}
