import { expect, test } from 'vitest';
import { OutboundEventsError } from '../../src/core/errors.ts';
import { MemoryStorage } from '../../src/memory/memory-storage.ts';
import { delivered, failed, ManualClock } from '../../src/testing.ts';
import { catalog, minute, setUp } from './harness.ts';

const crm = {
  id: 'crm',
  name: 'CRM',
  url: 'https://crm.example.com/hook',
  events: '*',
  retry: { interval: '10m', duration: '3d' },
} as const;

test('recipients and what waits for them survive a restart', async () => {
  const storage = new MemoryStorage();
  const first = setUp({ storage });
  await first.outbound.addHttpRecipient(crm);
  await first.outbound.emit('order.paid', { order: 1 });
  await first.outbound.stop();

  const { outbound, clock, http } = setUp({ storage });
  void outbound.start();
  await clock.advance(0);

  expect(http.attempts).toMatchObject([{ recipientId: 'crm', data: { order: 1 } }]);
  expect(await outbound.listRecipients()).toMatchObject([{ id: 'crm', name: 'CRM' }]);
});

test('a restart during the wait keeps the rest of it, the attempt number and the progress', async () => {
  const storage = new MemoryStorage();
  const clock = new ManualClock();
  const first = setUp({ storage, clock });
  await first.outbound.addHttpRecipient(crm);
  first.http.answer('crm', { ...failed(500), progress: { done: ['a'] } });
  void first.outbound.start();
  const begun = clock.steady();
  await first.outbound.emit('order.paid', { order: 1 });
  await clock.advance('5m');
  await first.outbound.stop();

  const { outbound, http } = setUp({ storage, clock });
  void outbound.start();
  await clock.advance('10m');

  expect(http.attempts).toMatchObject([{ number: 2, at: begun + 10 * minute, progress: { done: ['a'] } }]);
});

test('a wall clock that was set back between two runs makes no wait longer than the interval', async () => {
  const storage = new MemoryStorage();
  const first = setUp({ storage });
  await first.outbound.addHttpRecipient(crm);
  first.http.answer('crm', failed(500));
  void first.outbound.start();
  await first.outbound.emit('order.paid', { order: 1 });
  await first.clock.advance('1m');
  await first.outbound.stop();

  const { outbound, clock, http } = setUp({ storage, clock: new ManualClock({ now: 0 }) });
  void outbound.start();
  await clock.advance('10m');

  expect(http.attempts).toHaveLength(1);
});

test('stop starts nothing new and lets the attempt under way end and be recorded', async () => {
  const storage = new MemoryStorage();
  const { outbound, clock, http, heard } = setUp({ storage });
  await outbound.addHttpRecipient(crm);
  const release = http.hold('crm');
  void outbound.start();
  await outbound.emit('order.paid', { order: 1 });
  await outbound.emit('order.paid', { order: 2 });
  await clock.advance(0);
  const stopped = outbound.stop();
  await clock.advance('5s');
  release();
  await stopped;

  expect(http.attempts).toHaveLength(1);
  expect(heard('delivered')).toHaveLength(1);
  const second = setUp({ storage });
  void second.outbound.start();
  await second.clock.advance(0);
  expect(second.http.attempts).toMatchObject([{ sequence: 2, number: 1 }]);
});

test('what has not ended within the limit is aborted, not counted as failed, and repeated', async () => {
  const storage = new MemoryStorage();
  const { outbound, clock, http, heard } = setUp({ storage, stopTimeout: '3s' });
  await outbound.addHttpRecipient(crm);
  http.hold('crm');
  void outbound.start();
  await outbound.emit('order.paid', { order: 1 });
  await clock.advance(0);
  let done = false;
  const stopped = outbound.stop().then(() => {
    done = true;
  });
  await clock.advance(2999);
  expect(done).toBe(false);
  await clock.advance(1);
  await stopped;

  expect(heard('retrying')).toEqual([]);
  const second = setUp({ storage });
  void second.outbound.start();
  await second.clock.advance(0);
  expect(second.http.attempts).toMatchObject([{ sequence: 1, number: 1 }]);
});

test('a transport that ignores its signal does not hold up stop', async () => {
  const { outbound, clock, http } = setUp({ stopTimeout: '1s' });
  await outbound.addHttpRecipient(crm);
  http.send = () => new Promise(() => {});
  void outbound.start();
  await outbound.emit('order.paid', { order: 1 });
  await clock.advance(0);
  const stopped = outbound.stop();
  await clock.advance('1s');
  await stopped;
});

test('F94: stop leaves no timer, closes transports and storage, and twice is the same as once', async () => {
  const { outbound, clock, http, email, storage } = setUp();
  await outbound.addHttpRecipient(crm);
  http.answer('crm', failed(500));
  void outbound.start();
  await outbound.emit('order.paid', { order: 1 });
  await clock.advance('1m');
  expect(clock.pending).toBeGreaterThan(0);

  const [once, twice] = [outbound.stop(), outbound.stop()];
  expect(twice).toBe(once);
  await once;

  expect(clock.pending).toBe(0);
  expect([http.closed, email.closed]).toEqual([true, true]);
  await expect((storage as MemoryStorage).listRecipients()).rejects.toMatchObject({ code: 'ERR_STORAGE_CLOSED' });
});

test('stop in the middle of start, and before anything was opened, ends as quietly', async () => {
  for (const begin of [true, false]) {
    const { outbound, clock, heard } = setUp();
    if (begin) void outbound.start();
    await outbound.stop();
    expect(clock.pending).toBe(0);
    expect(heard('error')).toEqual([]);
  }
});

test('F94: after stop every call says so', async () => {
  const { outbound } = setUp();
  await outbound.stop();
  const calls = [
    () => outbound.emit('order.paid', { order: 1 }),
    () => outbound.start(),
    () => outbound.addHttpRecipient(crm),
    () => outbound.updateRecipient('crm', { enabled: false }),
    () => outbound.removeRecipient('crm'),
    () => outbound.listRecipients(),
    () => outbound.status(),
    () => outbound.listDropped(),
  ];
  for (const call of calls) await expect(call()).rejects.toMatchObject({ code: 'ERR_STOPPED' });
});

test('a storage that cannot be opened rejects start and is tried again by the next call', async () => {
  const storage = new MemoryStorage();
  const open = storage.open.bind(storage);
  const { outbound, heard, clock, http } = setUp({ storage });
  storage.open = async () => {
    throw new OutboundEventsError('ERR_STORAGE_OPEN', 'no such directory');
  };
  await expect(outbound.start()).rejects.toMatchObject({ code: 'ERR_STORAGE_OPEN' });
  await expect(outbound.emit('order.paid', { order: 1 })).rejects.toMatchObject({ code: 'ERR_STORAGE_OPEN' });
  expect(heard('error')).toMatchObject([{ code: 'ERR_STORAGE_OPEN' }]);

  storage.open = open;
  await outbound.start();
  await outbound.addHttpRecipient(crm);
  await outbound.emit('order.paid', { order: 1 });
  await clock.advance(0);
  expect(http.attempts).toHaveLength(1);
});

test('a storage that cannot record a success is asked again before the next delivery is sent', async () => {
  const storage = new MemoryStorage();
  const { outbound, clock, http, heard } = setUp({ storage });
  await outbound.addHttpRecipient(crm);
  const settle = storage.settle.bind(storage);
  let failures = 2;
  storage.settle = async (settlements) => {
    failures -= 1;
    if (failures >= 0) throw new OutboundEventsError('ERR_STORAGE_FULL', 'disk full');
    return settle(settlements);
  };
  void outbound.start();
  const both = Promise.withResolvers<void>();
  outbound.on('delivered', ({ sequence }) => {
    if (sequence === 2) both.resolve();
  });
  await outbound.emit('order.paid', { order: 1 });
  await outbound.emit('order.paid', { order: 2 });
  await clock.advance(0);
  expect(http.attempts).toHaveLength(1);
  await both.promise;

  expect(http.attempts.map(({ sequence, number }) => [sequence, number])).toEqual([
    [1, 1],
    [2, 1],
  ]);
  expect(heard('error').map(({ code }) => code)).toEqual(['ERR_STORAGE_FULL', 'ERR_STORAGE_FULL']);
});

test('a storage that cannot be read for a while delays a queue and stops none', async () => {
  const storage = new MemoryStorage();
  const { outbound, clock, http, heard } = setUp({ storage });
  await outbound.addHttpRecipient(crm);
  const read = storage.read.bind(storage);
  storage.read = async () => {
    throw new OutboundEventsError('ERR_STORAGE_IO', 'disk');
  };
  void outbound.start();
  await outbound.emit('order.paid', { order: 1 });
  await clock.advance('5s');
  expect(heard('error').length).toBeGreaterThan(3);
  storage.read = read;
  await clock.advance('1s');

  expect(http.attempts).toHaveLength(1);
});

test('a lease that somebody else took ends the work on that queue, and nothing of it is recorded', async () => {
  const storage = new MemoryStorage();
  const { outbound, clock, http } = setUp({ storage });
  await outbound.addHttpRecipient(crm);
  const release = http.hold('crm');
  void outbound.start();
  await outbound.emit('order.paid', { order: 1 });
  await clock.advance(0);
  const far = clock.steady() + 365 * 24 * 60 * minute;
  const [stolen] = await storage.claim({ holder: 'other', now: far, expiresAt: far + 60_000, limit: 10 });
  release();
  http.answer('crm', delivered());
  await clock.advance('5m');

  expect(http.attempts).toHaveLength(1);
  expect(await storage.read({ recipientId: 'crm', fence: Number(stolen?.fence) }, 10, 1000)).toHaveLength(1);
});

test('emits that were called before stop are stored', async () => {
  const storage = new MemoryStorage();
  const { outbound } = setUp({ storage });
  await outbound.addHttpRecipient(crm);
  const emitted = Array.from({ length: 2000 }, (_, order) => outbound.emit('order.paid', { order }));
  await outbound.stop();
  await Promise.all(emitted);

  const { outbound: again } = setUp({ storage });
  expect((await again.status()).recipients[0]).toMatchObject({ queued: 2000 });
});

test('neither a storage that fails for good nor a relay that ignores its signal holds up stop', async () => {
  const storage = new MemoryStorage();
  const { outbound, clock, http, relay } = setUp({ storage, stopTimeout: '1s' });
  await outbound.addHttpRecipient({ ...crm, alerts: { to: 'ops@example.com', after: 0 } });
  await outbound.addHttpRecipient({ ...crm, id: 'erp', name: 'ERP' });
  relay.sendAlert = () => new Promise(() => {});
  http.answer('crm', failed(500));
  await outbound.start();
  await outbound.emit('order.paid', { order: 1 });
  await clock.advance(0);
  storage.settle = async () => {
    throw new OutboundEventsError('ERR_STORAGE_IO', 'disk');
  };
  const removed = outbound.removeRecipient('erp', { backlog: 'drop' });
  await outbound.emit('order.paid', { order: 2 });
  await clock.advance(0);
  const stopped = outbound.stop();
  await clock.advance('1s');
  await stopped;

  await expect(removed).rejects.toMatchObject({ code: 'ERR_STOPPED' });
  expect(clock.pending).toBe(0);
});

test('neither an attempt that a removal waits for, a schema without an answer, nor a storage without one holds up stop', async () => {
  const never = new Promise<never>(() => {});
  const silent = { '~standard': { version: 1 as const, vendor: 'test', validate: () => never } };
  const storage = new MemoryStorage();
  const { outbound, clock, http } = setUp({
    storage,
    stopTimeout: '1s',
    events: { ...catalog, 'never.valid': silent } as never,
  });
  await outbound.addHttpRecipient(crm);
  await outbound.addHttpRecipient({ ...crm, id: 'erp', name: 'ERP' });
  http.hold('crm');
  await outbound.start();
  storage.settle = () => never;
  await outbound.emit('order.paid', { order: 1 });
  await clock.advance(0);
  void outbound.removeRecipient('crm', { backlog: 'drop' }).catch(() => {});
  void outbound.emit('never.valid' as never, {} as never).catch(() => {});
  await clock.advance(0);
  const stopped = outbound.stop();
  await clock.advance('1s');
  await stopped;
  expect(clock.pending).toBe(0);
});

test('a hiccup while recipients are read is no reason to open the storage twice', async () => {
  const storage = new MemoryStorage();
  const { outbound } = setUp({ storage });
  const listRecipients = storage.listRecipients.bind(storage);
  storage.listRecipients = async () => {
    storage.listRecipients = listRecipients;
    throw new OutboundEventsError('ERR_STORAGE_IO', 'disk');
  };
  await expect(outbound.start()).rejects.toMatchObject({ code: 'ERR_STORAGE_IO' });
  await outbound.start();
  expect(await outbound.listRecipients()).toEqual([]);
});

test('a transport that cannot be closed is reported, and the storage is closed all the same', async () => {
  const storage = new MemoryStorage();
  const { outbound, http, heard } = setUp({ storage });
  await outbound.addHttpRecipient(crm);
  http.close = async () => {
    throw new Error('https://user:canary@host');
  };
  await outbound.stop();

  expect(heard('error')).toMatchObject([{ code: 'ERR_TRANSPORT_FAILED' }]);
  await expect(storage.listRecipients()).rejects.toMatchObject({ code: 'ERR_STORAGE_CLOSED' });
});

test('stop does not wait longer than its limit for a storage that does not open', async () => {
  class SlowToOpen extends MemoryStorage {
    readonly opened = Promise.withResolvers<void>();
    override async open(...limits: Parameters<MemoryStorage['open']>): Promise<readonly string[]> {
      await this.opened.promise;
      return super.open(...limits);
    }
  }
  const storage = new SlowToOpen();
  const { outbound, clock } = setUp({ storage, stopTimeout: '3s' });
  const started = outbound.start();
  started.catch(() => {});
  const emitted = outbound.emit('order.paid', { order: 1 });
  emitted.catch(() => {});
  const stopped = outbound.stop();
  await clock.advance('3s');
  await stopped;
  storage.opened.resolve();
  await expect(started).rejects.toMatchObject({ code: 'ERR_STOPPED' });
  await clock.advance('1m');
  expect(clock.pending).toBe(0);
});

test('stop does not wait longer than its limit for leases that are being taken, and leaves no timer when they come', async () => {
  const claimed = Promise.withResolvers<void>();
  class SlowToClaim extends MemoryStorage {
    override async claim(...request: Parameters<MemoryStorage['claim']>) {
      await claimed.promise;
      return super.claim(...request);
    }
  }
  const { outbound, clock } = setUp({ storage: new SlowToClaim(), stopTimeout: '3s' });
  await outbound.addHttpRecipient(crm);
  const started = outbound.start();
  started.catch(() => {});
  await clock.advance(0);
  const stopped = outbound.stop();
  await clock.advance('10s');
  await stopped;
  claimed.resolve();
  await expect(started).rejects.toMatchObject({ code: 'ERR_STORAGE_CLOSED' });
  expect(clock.pending).toBe(0);
});
