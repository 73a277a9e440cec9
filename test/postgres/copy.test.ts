import { stat } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { createSecretKey } from '../../src/core/seal.ts';
import type { NewEntry } from '../../src/core/storage.ts';
import { type CopyProgress, copyToPostgres, PostgresStorage } from '../../src/postgres.ts';
import { SqliteStorage } from '../../src/sqlite.ts';
import { storedEvent } from '../../src/testing.ts';
import { killAmidWork, said } from '../sqlite/child.ts';
import { entry, fingerprint, newFile, openStorage, rememberAll, roomy } from '../sqlite/storages.ts';
import { contentOfDatabase, contentOfFile, fileOfHost, hostOver, poolOf } from './copying.ts';
import { ownDatabase, until } from './hosts.ts';

const secretKey = createSecretKey();

function numbers(first: number, last: number): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

test('recipients, their state, what waits for them and what was dropped are the same afterwards', async () => {
  const file = await fileOfHost(secretKey);
  const database = await ownDatabase();
  const before = await fingerprint(file);
  expect(await copyToPostgres({ file, pool: poolOf(database) })).toEqual({
    recipients: 5,
    events: 31,
    deliveries: 80,
    dropped: 21,
  });
  expect(await fingerprint(file)).toBe(before);

  const { content: copied, fences } = await contentOfDatabase(database);
  const { content: expected, fences: earlier } = await contentOfFile(file);
  expect(copied).toEqual(expected);
  expect(copied.queues.map((queue) => queue.length)).toEqual([10, 30, 30, 10, 0]);
  expect(copied.recipients[0]?.settings).toContain('"sealed":1');
  expect(copied.states[1]?.state?.failing).toMatchObject({ attempts: 1, error: { code: 'HTTP_STATUS' } });
  expect(copied.dropped.map(({ reason }) => reason)).toEqual([...Array(20).fill('removed'), 'rejected']);
  // One that was given out by the file is never given out again.
  expect(Math.min(...fences)).toBeGreaterThanOrEqual(Math.max(...earlier));
});

test('a host over PostgreSQL goes on where the other one stopped', async () => {
  const file = await fileOfHost(secretKey);
  const database = await ownDatabase();
  await copyToPostgres({ file, pool: poolOf(database) });
  const { outbound, http, email } = hostOver(new PostgresStorage({ pool: poolOf(database) }), { secretKey });
  expect((await outbound.status()).recipients).toMatchObject([
    { id: 'crm', state: 'ok', queued: 10 },
    { id: 'down', state: 'failing', queued: 30, lastError: { code: 'HTTP_STATUS' } },
    { id: 'off', state: 'disabled', queued: 30 },
    { id: 'team', state: 'ok', queued: 10 },
    { id: 'idle', state: 'ok', queued: 0 },
  ]);
  await outbound.start();
  expect(await outbound.emit('order.paid', { order: 31 }, { id: 'order-31' })).toMatchObject({
    deliveries: [{ recipientId: 'crm' }, { recipientId: 'down' }, { recipientId: 'off' }, { recipientId: 'team' }],
  });
  await outbound.updateRecipient('off', { enabled: true });
  await outbound.emit('user.joined', { name: 'Eva' }, { id: 'eva' });
  await until(async () =>
    (await outbound.status()).recipients.every(({ id, queued }) => id === 'down' || queued === 0),
  );

  const received = (transport: typeof http, id: string) =>
    transport.attemptsAt(id).map(({ sequence, eventId, data, number }) => ({ sequence, eventId, data, number }));
  const order = (number: number, sequence: number) => ({
    sequence,
    eventId: `order-${number}`,
    data: { order: number },
    number: 1,
  });
  const eva = { eventId: 'eva', data: { name: 'Eva' }, number: 1 };
  expect(received(http, 'crm')).toEqual([
    ...numbers(21, 31).map((number) => order(number, number + 1)),
    { ...eva, sequence: 33 },
  ]);
  expect(received(http, 'off')).toEqual(numbers(1, 31).map((number) => order(number, number)));
  expect(received(email, 'team')).toEqual(numbers(21, 31).map((number) => order(number, number)));
  expect(received(http, 'idle')).toEqual([{ ...eva, sequence: 2 }]);
  // Its interval, of an hour, has not passed.
  expect(http.attemptsAt('down')).toEqual([]);
});

test('recipients that are added later, and deliveries that are dropped later, come behind those of before', async () => {
  const file = await fileOfHost(secretKey);
  const database = await ownDatabase();
  await copyToPostgres({ file, pool: poolOf(database) });
  const { outbound } = hostOver(new PostgresStorage({ pool: poolOf(database) }), { secretKey });
  await outbound.addHttpRecipient({ id: 'new', name: 'New', url: 'https://example.com/', events: '*' });
  await outbound.removeRecipient('off', { backlog: 'drop' });
  const dropped = await outbound.listDropped({ limit: 100 });
  expect(dropped.map(({ recipientId }) => recipientId)).toEqual([
    ...Array(30).fill('off'),
    ...Array(20).fill('gone'),
    'team',
  ]);
  await outbound.stop();
  const { recipients } = (await contentOfDatabase(database)).content;
  expect(recipients.map(({ id }) => id)).toEqual(['crm', 'down', 'team', 'idle', 'new']);
});

test('an event that was emitted before is known again, delivered or not', async () => {
  const file = await fileOfHost(secretKey);
  const database = await ownDatabase();
  await copyToPostgres({ file, pool: poolOf(database) });
  const { outbound } = hostOver(new PostgresStorage({ pool: poolOf(database) }), { secretKey });
  const before = (await outbound.status()).recipients;
  expect(await outbound.emit('user.joined', { name: 'Ömer 😀' }, { id: 'joined' })).toMatchObject({ duplicate: true });
  expect(await outbound.emit('order.paid', { order: 30 }, { id: 'order-30' })).toMatchObject({ duplicate: true });
  await expect(outbound.emit('user.joined', { name: 'Eva' }, { id: 'joined' })).rejects.toMatchObject({
    code: 'ERR_EVENT_ID_REUSED',
  });
  expect((await outbound.status()).recipients.map(({ queued }) => queued)).toEqual(before.map(({ queued }) => queued));
});

test('ids are forgotten when their time has come, and not while a delivery waits', async () => {
  const file = await newFile();
  const storage = await openStorage(file);
  const [delivered, waiting] = [entry('delivered'), entry('waiting')];
  await storage.append([{ ...delivered, recipientIds: [] }, waiting], rememberAll);
  await storage.close();
  const database = await ownDatabase();
  await copyToPostgres({ file, pool: poolOf(database) });
  const copy = new PostgresStorage({ pool: poolOf(database) });
  await copy.open(roomy);
  const later = numbers(1, 300).map((number) => ({ ...entry(`later-${number}`), recipientIds: [] }));
  await copy.append(later, { forgetBefore: Date.now() });
  await until(async () => (await copy.append([delivered], rememberAll))[0]?.status === 'stored');
  expect(await copy.append([waiting], rememberAll)).toEqual([{ status: 'duplicate' }]);
  await copy.close();
});

test('what was copied counts against the bounds, and its room is free again once it is delivered', async () => {
  const file = await newFile();
  const storage = await openStorage(file);
  await storage.saveRecipient({ id: 'erp', settings: '{}' });
  const data = JSON.stringify({ text: 'ä'.repeat(500) });
  const both = (id: string): NewEntry => ({ event: storedEvent({ id, data }), recipientIds: ['crm', 'erp'] });
  await storage.append(
    numbers(1, 10).map((number) => both(`event-${number}`)),
    rememberAll,
  );
  await storage.close();
  const database = await ownDatabase();
  await copyToPostgres({ file, pool: poolOf(database) });

  const open = async (limits: typeof roomy) => {
    const copy = new PostgresStorage({ pool: poolOf(database) });
    await copy.open(limits);
    return copy;
  };
  const bytes = 10 * Buffer.byteLength(data);
  const full = [
    { ...roomy, maxBytes: bytes },
    { ...roomy, maxDeliveries: 20 },
  ];
  for (const limits of full) {
    const copy = await open(limits);
    expect(await copy.append([both('event-11')], rememberAll)).toEqual([{ status: 'backlog-full' }]);
    await copy.close();
  }
  const copy = await open({ maxDeliveries: 20, maxBytes: bytes });
  for (const lease of await copy.claim({ holder: 'test', now: 0, expiresAt: 60_000, limit: 2 })) {
    await copy.settle([{ ...lease, through: 10, dropped: [], state: undefined }]);
  }
  const again = await copy.append(
    numbers(11, 21).map((number) => both(`event-${number}`)),
    rememberAll,
  );
  expect(again.map(({ status }) => status)).toEqual([...Array(10).fill('stored'), 'backlog-full']);
  await copy.close();
});

test('texts come out byte for byte, and numbers as they were', async () => {
  const file = await newFile();
  const storage = new SqliteStorage({ file });
  await storage.open(roomy);
  const texts = [
    `{"a":"'single' \\"double\\" \\\\ %s $1 \\u0000 \\ud83d \u007f\u2028\ufeff","größe":"日本語 😀"}`,
    '{ "z" : 1.10,\n\t"a" : [ 1e3, -0, 12345678901234567890 ],"a":2 }\r\n',
    JSON.stringify({ text: 'ä€😀x'.repeat(200_000) }),
  ];
  for (const [index, text] of texts.entries()) {
    await storage.saveRecipient({ id: `__proto__'${index}`, settings: text });
  }
  const event = { occurredAt: -8.64e15, acceptedAt: 1_767_225_600_000.125 };
  const recipientIds = ["__proto__'1", "__proto__'2"];
  await storage.append(
    texts.map((data, index) => ({ event: storedEvent({ ...event, id: `event-${index}`, data }), recipientIds })),
    rememberAll,
  );
  await storage.close();
  const database = await ownDatabase();
  await copyToPostgres({ file, pool: poolOf(database) });
  expect((await contentOfDatabase(database)).content).toEqual((await contentOfFile(file)).content);
});

test('what a killed process left in the log of the file is copied', async () => {
  const file = await newFile();
  const lines = await killAmidWork(file);
  expect((await stat(`${file}-wal`)).size).toBeGreaterThan(0);
  const before = [await fingerprint(file), await fingerprint(`${file}-wal`)];
  const database = await ownDatabase();
  await copyToPostgres({ file, pool: poolOf(database) });
  expect([await fingerprint(file), await fingerprint(`${file}-wal`)]).toEqual(before);

  const copy = new PostgresStorage({ pool: poolOf(database) });
  await copy.open(roomy);
  const stored = said(lines, 'stored');
  const again = await copy.append(
    stored.map((id) => entry(id)),
    rememberAll,
  );
  expect(again.filter(({ status }) => status !== 'duplicate')).toEqual([]);
  const settled = Math.max(...said(lines, 'settled').map(Number));
  const [lease] = await copy.claim({ holder: 'test', now: 0, expiresAt: 60_000, limit: 1 });
  const [head] = lease === undefined ? [] : await copy.read(lease, 1, 1);
  expect(head === undefined || head.sequence > settled).toBe(true);
  await copy.close();
});

test('a backlog of 20,000 events is copied, with progress shown', async () => {
  const file = await newFile();
  const storage = await openStorage(file);
  for (let first = 0; first < 20_000; first += 500) {
    await storage.append(
      numbers(first, first + 499).map((number) => entry(`event-${number}`, `{"n":${number}}`)),
      rememberAll,
    );
  }
  await storage.close();
  const database = await ownDatabase();
  const told: CopyProgress[] = [];
  const counts = await copyToPostgres({
    file,
    pool: poolOf(database),
    schema: 'other',
    onProgress: (progress) => told.push(progress),
  });
  expect(counts).toEqual({ recipients: 1, events: 20_000, deliveries: 20_000, dropped: 0 });
  expect(told.map(({ copied }) => copied)).toEqual([1, ...numbers(1, 40).map((thousands) => 1 + thousands * 1_000)]);
  expect(told.every(({ of }) => of === 40_001)).toBe(true);
  const copy = new PostgresStorage({ pool: poolOf(database), schema: 'other' });
  await copy.open(roomy);
  const [lease] = await copy.claim({ holder: 'test', now: 0, expiresAt: 60_000, limit: 1 });
  const waiting = lease === undefined ? [] : await copy.read(lease, 20_001, 1e9);
  expect(waiting.map(({ event }) => event.data)).toEqual(numbers(0, 19_999).map((number) => `{"n":${number}}`));
  await copy.close();
});
