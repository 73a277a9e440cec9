import { expect, test } from 'vitest';
import { event } from '../../src/core/catalog.ts';
import { OutboundEventsError } from '../../src/core/errors.ts';
import { MemoryStorage } from '../../src/memory/memory-storage.ts';
import { delivered, failed, rejected } from '../../src/testing.ts';
import { catalog, minute, setUp } from './harness.ts';

const crm = { id: 'crm', name: 'CRM', url: 'https://crm.example.com/hook', events: '*' } as const;
const erp = { ...crm, id: 'erp', name: 'ERP' };

test('an event reaches every recipient that wants it, and no other', async () => {
  const { outbound, clock, http } = setUp();
  await outbound.addHttpRecipient({ ...crm, events: ['order.*'] });
  await outbound.addHttpRecipient({ ...erp, events: ['order.sent', 'user.joined'] });
  void outbound.start();

  await outbound.emit('order.paid', { order: 1 });
  await outbound.emit('order.sent', { order: 1 });
  await outbound.emit('user.joined', { name: 'Ada' });
  await clock.advance(0);

  expect(http.attemptsAt('crm').map(({ type }) => type)).toEqual(['order.paid', 'order.sent']);
  expect(http.attemptsAt('erp').map(({ type }) => type)).toEqual(['order.sent', 'user.joined']);
});

test('emit tells the id and where the event is queued', async () => {
  const { outbound } = setUp();
  await outbound.addHttpRecipient({ ...crm, events: ['order.*'] });
  await outbound.addHttpRecipient({ ...erp, events: ['order.sent'] });

  const both = await outbound.emit('order.sent', { order: 1 }, { id: 'order-1-sent' });
  const none = await outbound.emit('user.joined', { name: 'Ada' });

  expect(both).toEqual({
    id: 'order-1-sent',
    deliveries: [{ recipientId: 'crm' }, { recipientId: 'erp' }],
    duplicate: false,
  });
  expect(none).toMatchObject({ deliveries: [], duplicate: false });
  expect(none.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test('events that are emitted before start wait for it', async () => {
  const { outbound, clock, http } = setUp();
  await outbound.addHttpRecipient(crm);
  await outbound.emit('order.paid', { order: 1 });
  await clock.advance('1h');
  expect(http.attempts).toEqual([]);

  void outbound.start();
  await clock.advance(0);

  expect(http.attempts).toHaveLength(1);
});

test('order is that of the calls of emit, awaited or not', async () => {
  const { outbound, clock, http } = setUp();
  void outbound.start();
  void outbound.addHttpRecipient(crm);
  await clock.advance(0);

  for (let order = 0; order < 100; order += 1) void outbound.emit('order.paid', { order });
  await clock.advance(0);

  expect(http.attempts.map(({ data }) => data)).toEqual(Array.from({ length: 100 }, (_, order) => ({ order })));
  expect(http.attempts.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
});

test('the next delivery is not sent before the one before it is delivered', async () => {
  const { outbound, clock, http } = setUp();
  await outbound.addHttpRecipient({ ...crm, retry: { interval: '1m' } });
  const release = http.hold('crm');
  void outbound.start();
  await outbound.emit('order.paid', { order: 1 });
  await outbound.emit('order.paid', { order: 2 });
  await clock.advance('20s');
  expect(http.attempts.map(({ sequence }) => sequence)).toEqual([1]);

  http.answer('crm', failed(500));
  release();
  await clock.advance('59s');
  expect(http.attempts.map(({ sequence }) => sequence)).toEqual([1]);

  await clock.advance('1s');
  expect(http.attempts.map(({ sequence, number }) => [sequence, number])).toEqual([
    [1, 1],
    [1, 2],
    [2, 1],
  ]);
});

test('a recipient that hangs or fails delays no other', async () => {
  const { outbound, clock, http } = setUp();
  await outbound.addHttpRecipient(crm);
  await outbound.addHttpRecipient(erp);
  http.hold('crm');
  void outbound.start();
  for (let order = 0; order < 10; order += 1) await outbound.emit('order.paid', { order });
  await clock.advance(0);

  expect(http.attemptsAt('erp')).toHaveLength(10);
  expect(http.attemptsAt('crm')).toHaveLength(1);
});

test('attempts under way are capped over all recipients, and those that hang leave slots to the others', async () => {
  const { outbound, clock, http } = setUp({ concurrency: 4 });
  const hanging = Array.from({ length: 10 }, (_, index) => `hanging-${index}`);
  for (const id of hanging) {
    await outbound.addHttpRecipient({ ...crm, id, name: id, events: ['order.paid'] });
    http.answer(id, failed('TIMEOUT_RESPONSE'));
  }
  await outbound.addHttpRecipient({ ...erp, events: ['order.sent'] });
  void outbound.start();
  await outbound.emit('order.paid', { order: 1 });
  await clock.advance(0);
  for (const id of hanging) http.hold(id);
  await clock.advance('1m');
  const openAttempts = http.attempts.filter(({ result }) => result === null);
  expect(openAttempts).toHaveLength(2);

  await outbound.emit('order.sent', { order: 1 });
  await clock.advance(0);

  expect(http.attemptsAt('erp')).toHaveLength(1);
});

test('F37: a listener learns that a request went out twice in one attempt', async () => {
  const { outbound, clock, http, heard } = setUp();
  await outbound.addHttpRecipient(crm);
  http.answer('crm', { ...failed('CONNECT_RESET'), resent: true }, { ...delivered(), resent: true }, delivered());
  void outbound.start();
  await outbound.emit('order.paid', { order: 1 });
  await outbound.emit('order.paid', { order: 2 });
  await clock.advance('1m');

  expect(heard('retrying').map(({ attempt, resent }) => [attempt, resent])).toEqual([[1, true]]);
  expect(heard('delivered').map(({ attempt, resent }) => [attempt, resent])).toEqual([
    [2, true],
    [1, false],
  ]);
});

test('a waiting recipient is tried one retry interval after the end of the failed attempt', async () => {
  const { outbound, clock, http, heard } = setUp();
  await outbound.addHttpRecipient({ ...crm, retry: { interval: '1m' } });
  const release = http.hold('crm');
  http.answer('crm', failed(500), failed(500));
  void outbound.start();
  const begun = clock.steady();
  await outbound.emit('order.paid', { order: 1 });
  await clock.advance('10s');
  release();
  await clock.advance('10m');

  expect(http.attempts.map(({ at }) => Number(at) - begun)).toEqual([0, 10_000 + minute, 10_000 + 2 * minute]);
  expect(heard('retrying').map(({ attempt, nextAttemptAt }) => [attempt, nextAttemptAt - begun])).toEqual([
    [1, 10_000 + minute],
    [2, 10_000 + 2 * minute],
  ]);
});

test('a jump of the wall clock changes no wait', async () => {
  const { outbound, clock, http } = setUp();
  await outbound.addHttpRecipient({ ...crm, retry: { interval: '1m', duration: '3d' } });
  http.answer('crm', failed(500), failed(500));
  void outbound.start();
  const begun = clock.steady();
  await outbound.emit('order.paid', { order: 1 });
  await clock.advance('30s');
  clock.jump(-6 * 365 * 24 * 60 * minute);
  await clock.advance('31s');
  clock.jump(11 * 365 * 24 * 60 * minute);
  await clock.advance('10m');

  expect(http.attempts.map(({ at }) => Number(at) - begun)).toEqual([0, minute, 2 * minute]);
});

test('a wait longer than the longest timer is kept', async () => {
  const { outbound, clock, http } = setUp();
  await outbound.addHttpRecipient({ ...crm, retry: { interval: '30d', duration: '60d' } });
  http.answer('crm', failed(500));
  void outbound.start();
  await outbound.emit('order.paid', { order: 1 });
  await clock.advance('29d');
  expect(http.attempts).toHaveLength(1);

  await clock.advance('1d');
  expect(http.attempts).toHaveLength(2);
});

test('listeners hear of failing, retrying, delivered and recovered, in this order', async () => {
  const { outbound, clock, http, told } = setUp();
  await outbound.addHttpRecipient(crm);
  http.answer('crm', failed('CONNECT_REFUSED', 'connection refused'), delivered(200, 'thanks'));
  void outbound.start();
  const { id } = await outbound.emit('order.paid', { order: 1 });
  await clock.advance('1m');

  const ref = { recipientId: 'crm', eventId: id, type: 'order.paid', sequence: 1 };
  const error = { code: 'CONNECT_REFUSED', message: 'connection refused' };
  expect(told.filter(({ name }) => name !== 'relay:status')).toMatchObject([
    { name: 'retrying', payload: { ...ref, attempt: 1, error } },
    { name: 'recipient:failing', payload: { recipientId: 'crm', error } },
    { name: 'delivered', payload: { ...ref, attempt: 2, response: { status: 200, text: 'thanks' } } },
    { name: 'recipient:recovered', payload: { recipientId: 'crm', attempts: 1 } },
  ]);
});

test('a delivery that can never succeed is given up and reported, and the next goes at once', async () => {
  const { outbound, clock, http, heard } = setUp();
  await outbound.addHttpRecipient(crm);
  http.answer('crm', rejected('TEMPLATE_ERROR', 'line 1: no such helper'));
  void outbound.start();
  await outbound.emit('order.paid', { order: 1 });
  await outbound.emit('order.paid', { order: 2 });
  await clock.advance(0);

  expect(http.attempts.map(({ sequence }) => sequence)).toEqual([1, 2]);
  const [dropped] = heard('dropped');
  expect(dropped).toMatchObject({ sequence: 1, reason: 'rejected', error: { code: 'TEMPLATE_ERROR' } });
  expect(heard('recipient:failing')).toEqual([]);
  expect([dropped]).toMatchObject(await outbound.listDropped());
});

test('a transport that throws has failed, and nothing it threw is shown', async () => {
  const { outbound, clock, http, heard } = setUp();
  await outbound.addHttpRecipient(crm);
  http.answerWith('crm', () => {
    throw new TypeError('https://user:secret@crm.example.com');
  });
  void outbound.start();
  await outbound.emit('order.paid', { order: 1 });
  await clock.advance(0);

  expect(heard('retrying')).toMatchObject([
    { error: { code: 'TRANSPORT_THREW', message: 'the transport threw TypeError' } },
  ]);
});

test('a listener that throws or rejects disturbs nothing and is reported', async () => {
  const { outbound, clock, http, heard } = setUp();
  await outbound.addHttpRecipient(crm);
  outbound.on('delivered', () => {
    throw new Error('mine');
  });
  outbound.on('delivered', (async () => {
    throw new Error('mine too');
  }) as () => void);
  const heardLater: number[] = [];
  outbound.on('delivered', ({ sequence }) => heardLater.push(sequence));
  void outbound.start();
  await outbound.emit('order.paid', { order: 1 });
  await outbound.emit('order.paid', { order: 2 });
  await clock.advance(0);

  expect(http.attempts).toHaveLength(2);
  expect(heardLater).toEqual([1, 2]);
  expect(heard('error').map(({ code }) => code)).toEqual(Array(4).fill('ERR_LISTENER'));
  expect(heard('error')[0]?.message).toContain('"delivered"');
});

test('what is emitted again with the same id is stored once', async () => {
  const { outbound, clock, http } = setUp();
  await outbound.addHttpRecipient(crm);
  void outbound.start();
  await outbound.emit('order.paid', { order: 1 }, { id: 'a' });
  await clock.advance('1h');

  expect(await outbound.emit('order.paid', { order: 1 }, { id: 'a' })).toEqual({
    id: 'a',
    deliveries: [],
    duplicate: true,
  });
  await expect(outbound.emit('order.paid', { order: 2 }, { id: 'a' })).rejects.toMatchObject({
    code: 'ERR_EVENT_ID_REUSED',
  });
  await clock.advance('1h');
  expect(http.attempts).toHaveLength(1);
});

test('at the bound emit rejects, and what was accepted goes on', async () => {
  const { outbound, clock, http } = setUp({ backlog: { deliveries: 3 } });
  await outbound.addHttpRecipient(crm);
  const results = await Promise.allSettled(
    Array.from({ length: 10 }, (_, order) => outbound.emit('order.paid', { order })),
  );
  expect(results.map(({ status }) => status)).toEqual([...Array(3).fill('fulfilled'), ...Array(7).fill('rejected')]);
  await expect(outbound.emit('order.paid', { order: 11 })).rejects.toMatchObject({ code: 'ERR_BACKLOG_FULL' });

  void outbound.start();
  await clock.advance(0);
  expect(http.attempts).toHaveLength(3);
  await outbound.emit('order.paid', { order: 12 });
  await clock.advance(0);
  expect(http.attempts).toHaveLength(4);
});

test('events of a schema that answers later keep their place', async () => {
  const slow = Promise.withResolvers<void>();
  const events = {
    ...catalog,
    'slow.one': {
      '~standard': {
        version: 1 as const,
        vendor: 'test',
        validate: async (value: unknown) => {
          await slow.promise;
          return { value };
        },
      },
    },
  };
  const { outbound, clock, http } = setUp({ events });
  await outbound.addHttpRecipient(crm);
  void outbound.start();
  const emitted = [
    outbound.emit('order.paid', { order: 1 }),
    outbound.emit('slow.one' as never, {} as never),
    outbound.emit('order.paid', { order: 2 }),
  ];
  await clock.advance(0);
  expect(http.attempts).toHaveLength(1);
  slow.resolve();
  await Promise.all(emitted);
  await clock.advance(0);

  expect(http.attempts.map(({ type }) => type)).toEqual(['order.paid', 'slow.one', 'order.paid']);
});

test('a transport that answers with nonsense has failed', async () => {
  const { outbound, clock, http, heard } = setUp();
  await outbound.addHttpRecipient(crm);
  http.answer('crm', { outcome: 'done' } as never, { outcome: 'failed' } as never);
  http.answerWith('crm', () => delivered());
  http.send = (
    (send) => async (attempt, options) =>
      attempt.number === 1 ? (undefined as never) : send(attempt, options)
  )(http.send.bind(http));
  void outbound.start();
  await outbound.emit('order.paid', { order: 1 });
  await clock.advance('5m');

  expect(heard('retrying').map(({ error }) => error.code)).toEqual(Array(3).fill('TRANSPORT_THREW'));
  expect(heard('delivered')).toHaveLength(1);
  expect(heard('error')).toEqual([]);
});

test('an event whose outcome was unknown is sent once it is stored, also when its repetition is a duplicate', async () => {
  const storage = new MemoryStorage();
  const { outbound, clock, http } = setUp({ storage });
  await outbound.addHttpRecipient(crm);
  await outbound.start();
  await clock.advance(0);
  const append = storage.append.bind(storage);
  storage.append = async (entries, options) => {
    storage.append = append;
    await clock.advance(0);
    await append(entries, options);
    throw new OutboundEventsError('ERR_OUTCOME_UNKNOWN', 'the connection was lost');
  };
  await expect(outbound.emit('order.paid', { order: 1 }, { id: 'a' })).rejects.toMatchObject({
    code: 'ERR_OUTCOME_UNKNOWN',
  });
  expect(await outbound.emit('order.paid', { order: 1 }, { id: 'a' })).toMatchObject({ duplicate: true });
  await clock.advance(0);

  expect(http.attempts).toHaveLength(1);
});

test('an HTTP recipient of everything gets no type that is for email only', async () => {
  const { outbound } = setUp({
    events: { ...catalog, 'order.paid': event<{ order: number }>({ channels: ['email'] }) as never },
  });
  await outbound.addHttpRecipient(crm);
  expect(await outbound.emit('order.paid', { order: 1 })).toMatchObject({ deliveries: [] });
});

test('a storage that throws an error of another kind is asked again, too, and nothing is sent twice', async () => {
  const storage = new MemoryStorage();
  const { outbound, clock, http, heard } = setUp({ storage });
  await outbound.addHttpRecipient(crm);
  const settle = storage.settle.bind(storage);
  storage.settle = async () => {
    storage.settle = settle;
    throw new TypeError('mine');
  };
  const recorded = new Promise((resolve) => outbound.once('delivered', resolve));
  await outbound.start();
  await outbound.emit('order.paid', { order: 1 });
  await clock.advance(0);
  await recorded;

  expect(http.attempts).toHaveLength(1);
  expect(heard('error')).toMatchObject([{ code: 'ERR_STORAGE_FAILED', message: 'the storage failed' }]);
});

test('a listener cannot change what is remembered', async () => {
  const { outbound, clock, http } = setUp();
  await outbound.addHttpRecipient(crm);
  http.answer('crm', failed(500));
  outbound.on('retrying', ({ error }) => Object.assign(error, { message: 'changed' }));
  await outbound.start();
  await outbound.emit('order.paid', { order: 1 });
  await clock.advance(0);

  expect((await outbound.status()).recipients[0]?.lastError?.message).toBe('answered 500; only 200 counts');
});

test('with more recipients than slots, each gets its turn', async () => {
  const { outbound, clock, http } = setUp({ concurrency: 2 });
  const ids = Array.from({ length: 20 }, (_, index) => `r${index}`);
  for (const id of ids) await outbound.addHttpRecipient({ ...crm, id, name: id });
  for (let order = 0; order < 5; order += 1) await outbound.emit('order.paid', { order });
  await outbound.start();
  await clock.advance('1s');

  for (const id of ids) expect(http.attemptsAt(id).map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5]);
});
