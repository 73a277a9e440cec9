import { readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { OutboundEventsError } from '../../src/core/errors.ts';
import type { Lease } from '../../src/core/storage.ts';
import { BatchRunner } from '../../src/sqlite/batch-runner.ts';
import type { Call, Outcome } from '../../src/sqlite/protocol.ts';
import { storageError } from '../../src/sqlite/storage-error.ts';
import { openStorageFile, type StorageFile } from '../../src/sqlite/storage-file.ts';
import { entry, fingerprint, newFile, openStorage, rememberAll, roomy } from './storages.ts';

const isLong = process.env.TEST_LENGTH === 'long';
const rounds = isLong ? 2_000 : 160;
const pageSize = 4096;

type Random = (below: number) => number;

/** Ways in which a disk, or somebody, damages a file. */
const damages: readonly ((bytes: Buffer, random: Random) => Buffer)[] = [
  function flipBit(bytes, random) {
    const at = random(bytes.length);
    bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << random(8)), at);
    return bytes;
  },
  function writeOver(bytes, random) {
    const at = random(bytes.length - 16);
    for (let index = at; index < at + 16; index += 1) bytes.writeUInt8(random(256), index);
    return bytes;
  },
  function clearPage(bytes, random) {
    const at = pageSize * random(bytes.length / pageSize);
    return bytes.fill(0, at, at + pageSize);
  },
  function cutOff(bytes, random) {
    return bytes.subarray(0, 1 + random(bytes.length - 1));
  },
];

/** Looks random, and is the same every time. */
function seededRandom(): Random {
  let state = 1;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return Math.floor((state / 0x80000000) * below);
  };
}

/** A closed file with two queues, one of them partly settled. */
async function fileWithQueues(): Promise<string> {
  const file = await newFile();
  const storage = await openStorage(file);
  await storage.saveRecipient({ id: 'erp', settings: '{"url":"https://erp.example.com/"}' });
  for (let number = 0; number < 200; number += 1) {
    const { event } = entry(`event-${number}`, JSON.stringify({ number, text: 'x'.repeat(number % 10 ? 300 : 5_000) }));
    await storage.append([{ event, recipientIds: ['crm', 'erp'] }], rememberAll);
  }
  const [lease] = await storage.claim({ holder: 'test', now: 0, expiresAt: 1, limit: 1, recipientIds: ['crm'] });
  await storage.settle([{ ...(lease as Lease), through: 20, dropped: [], state: undefined }]);
  await storage.close();
  return file;
}

/** The recipients and all that waits for them, as a process finds them that opens the file; or why it cannot. */
async function contents(file: string): Promise<string | OutboundEventsError> {
  const before = await fingerprint(file);
  let opened: StorageFile;
  try {
    opened = openStorageFile(file);
  } catch (error) {
    expect(await fingerprint(file), 'a file that is refused is left as it is').toBe(before);
    return error as OutboundEventsError;
  }
  try {
    return contentsOf(new BatchRunner(opened, roomy));
  } catch (error) {
    return storageError(error, file);
  } finally {
    opened.close();
  }
}

function contentsOf(runner: BatchRunner): string {
  try {
    const ask = (call: Call): unknown => resultOf(runner.run([call])[0] as Outcome);
    const leases = ask({ operation: 'claim', args: [{ holder: 'test', now: 0, expiresAt: 1, limit: 10 }] });
    return JSON.stringify([
      ask({ operation: 'listRecipients', args: [] }),
      (leases as readonly Lease[]).map((lease) => ask({ operation: 'read', args: [lease, 1_000, 1e9] })),
    ]);
  } finally {
    runner.end();
  }
}

function resultOf(outcome: Outcome): unknown {
  if ('value' in outcome) return outcome.value;
  throw new OutboundEventsError(outcome.error.code, outcome.error.message);
}

test('data of which one bit made bytes instead of text is not given out', async () => {
  const file = await fileWithQueues();
  const bytes = await readFile(file);
  const data = JSON.stringify({ number: 151, text: 'x'.repeat(300) });
  // The header of its row says how long its text is: an odd number; the even one before is that of as many bytes.
  const [ofText, ofBytes] = [13 + 2 * data.length, 12 + 2 * data.length].map((type) =>
    Buffer.from([0x80 | (type >> 7), type & 0x7f]),
  ) as [Buffer, Buffer];
  const at = bytes.lastIndexOf(ofText, bytes.indexOf(data));
  expect(bytes.indexOf(data) - at).toBeLessThan(60);
  ofBytes.copy(bytes, at);
  await writeFile(file, bytes);
  expect(await contents(file)).toMatchObject({ code: 'ERR_STORAGE_CORRUPT' });
});

test(`a damaged file is refused or still gives what was put in (${rounds} damages)`, { timeout: 600_000 }, async () => {
  const file = await fileWithQueues();
  const sound = await readFile(file);
  const expected = await contents(file);
  expect(expected).toContain('event-199');
  const random = seededRandom();
  const met = { refused: 0, sound: 0 };
  for (let round = 0; round < rounds; round += 1) {
    const damage = damages[round % damages.length] as (typeof damages)[number];
    for (const suffix of ['-wal', '-shm']) await rm(`${file}${suffix}`, { force: true });
    await writeFile(file, damage(Buffer.from(sound), random));
    const found = await contents(file);
    if (found instanceof OutboundEventsError) {
      expect(found.message).toContain(file);
      expect(['ERR_STORAGE_CORRUPT', 'ERR_STORAGE_FAILED', 'ERR_SCHEMA_NEWER']).toContain(found.code);
      met.refused += 1;
    } else {
      expect(found, `${damage.name} in round ${round}`).toBe(expected);
      met.sound += 1;
    }
  }
  // Both happen, or the damages are none.
  expect(met.refused).toBeGreaterThan(rounds / 4);
  expect(met.sound).toBeGreaterThan(rounds / 20);
});

/** One change each that keeps the file a sound database, and so goes past SQLite. */
test.each([
  ["UPDATE payloads SET data = replace(data, 'xxx', 'yyy') WHERE event = 30"],
  ['UPDATE payloads SET occurred_at = occurred_at + 1 WHERE event = 30'],
  ["UPDATE events SET id = 'event-x' WHERE key = 30"],
  ['UPDATE deliveries SET event = 31 WHERE sequence = 30 AND recipient = 1'],
  ['DELETE FROM deliveries WHERE sequence = 30 AND recipient = 1'],
  ['DELETE FROM payloads WHERE event = 30'],
  ['UPDATE recipients SET settled = settled + 5 WHERE key = 1'],
  ['UPDATE recipients SET settled = settled - 5 WHERE key = 1'],
  ["UPDATE recipients SET settings = replace(settings, 'erp.example.com', 'erp.example.org')"],
  ["UPDATE recipients SET state = 'x'"],
])('what was altered is not given out: %s', async (sql) => {
  const file = await fileWithQueues();
  const database = new DatabaseSync(file);
  database.exec(sql);
  database.close();
  expect(await contents(file)).toMatchObject({ code: 'ERR_STORAGE_CORRUPT' });
});

test('a file that lacks a part of its last page is refused', async () => {
  const file = await fileWithQueues();
  await truncate(file, (await stat(file)).size - 100);
  expect(await contents(file)).toMatchObject({
    code: 'ERR_STORAGE_CORRUPT',
    message: expect.stringContaining('its end is cut off'),
  });
});
