import { expect, test } from 'vitest';
import { OutboundEventsError } from '../../src/core/errors.ts';
import type { ClaimRequest, Lease, LeaseRef, LeaseTimes, StorageListener } from '../../src/core/storage.ts';
import { MemoryStorage } from '../../src/memory/memory-storage.ts';
import { failed } from '../../src/testing.ts';
import { setUp } from './harness.ts';

const crm = { id: 'crm', name: 'CRM', url: 'https://crm.example.com/hook', events: '*' } as const;

/** A storage whose leases cannot be renewed for a while, as when it cannot be reached, or the process was stopped. */
class CutOffStorage extends MemoryStorage {
  isCutOff = false;
  announcements = 0;

  override async renew(leases: readonly LeaseRef[], times: LeaseTimes): Promise<readonly string[]> {
    if (this.isCutOff) throw new OutboundEventsError('ERR_STORAGE_UNAVAILABLE', 'cut off');
    return super.renew(leases, times);
  }

  override async announce(holder: string, times: LeaseTimes) {
    this.announcements += 1;
    return super.announce(holder, times);
  }
}

/** One attempt has failed; the next is due in a minute, long after the lease would have run out. */
async function waitingForTheNextAttempt() {
  const storage = new CutOffStorage();
  const host = setUp({ storage });
  host.http.answer('crm', failed(500));
  await host.outbound.addHttpRecipient({ ...crm, retry: { interval: '1m', duration: '3d' } });
  await host.outbound.start();
  await host.outbound.emit('order.paid', { order: 1 });
  await host.clock.advance(0);
  expect(host.http.attempts).toHaveLength(1);
  storage.isCutOff = true;
  return { ...host, storage };
}

test('no attempt is made under a lease that may have run out; once it is renewed, work goes on', async () => {
  const { storage, clock, http } = await waitingForTheNextAttempt();
  await clock.advance('10m');
  expect(http.attempts).toHaveLength(1);
  storage.isCutOff = false;
  await clock.advance('2s');
  expect(http.attempts.map(({ sequence }) => sequence)).toEqual([1, 1]);
});

test('a process that comes back from a pause sends nothing for a queue that another works on by now', async () => {
  const { storage, clock, http } = await waitingForTheNextAttempt();
  await clock.advance('50s');
  const now = clock.steady();
  await storage.claim({ holder: 'other', now, expiresAt: now + 3_600_000, limit: 1 });
  await clock.advance('5m');
  storage.isCutOff = false;
  await clock.advance('10m');
  expect(http.attempts).toHaveLength(1);
});

test('after the machine was suspended nothing is sent before the lease is confirmed: only the wall clock went on', async () => {
  const { storage, clock, http } = await waitingForTheNextAttempt();
  storage.isCutOff = false;
  await clock.advance('50s');
  storage.isCutOff = true;
  clock.jump(3_600_000);
  await clock.advance('11s');
  expect(http.attempts).toHaveLength(1);
  storage.isCutOff = false;
  await clock.advance('2s');
  expect(http.attempts).toHaveLength(2);
});

test('a lease is renewed in time although one renewal gets no answer', async () => {
  class LosingStorage extends MemoryStorage {
    losses = 1;
    override async renew(leases: readonly LeaseRef[], times: LeaseTimes): Promise<readonly string[]> {
      this.losses -= 1;
      if (this.losses >= 0) await new Promise(() => {});
      return super.renew(leases, times);
    }
  }
  const storage = new LosingStorage();
  const { outbound, clock, heard } = setUp({ storage });
  await outbound.addHttpRecipient(crm);
  await outbound.start();
  await clock.advance('31s');
  const now = clock.steady();
  expect(await storage.claim({ holder: 'other', now, expiresAt: now + 1, limit: 1 })).toEqual([]);
  expect(heard('error')).toEqual([]);
});

test('an answer that comes after a later one does not put off the next renewal', async () => {
  const answers: (() => void)[] = [];
  class LateStorage extends MemoryStorage {
    readonly askedAt: number[] = [];
    override async renew(leases: readonly LeaseRef[], times: LeaseTimes): Promise<readonly string[]> {
      this.askedAt.push(times.now);
      if (this.askedAt.length === 1) await new Promise<void>((resolve) => answers.push(resolve));
      return super.renew(leases, times);
    }
  }
  const storage = new LateStorage();
  const { outbound, clock } = setUp({ storage, leaseDuration: '80s' });
  await outbound.addHttpRecipient(crm);
  await outbound.start();
  const startedAt = clock.steady();
  await clock.advance('85s');
  for (const answer of answers) answer();
  await clock.advance('10s');
  expect(storage.askedAt.map((at) => (at - startedAt) / 1_000)).toEqual([40, 50, 90]);
});

test('a lease is renewed at half its time, as long as it is said to last', async () => {
  const storage = new CutOffStorage();
  const { outbound, clock } = setUp({ storage, leaseDuration: '2m' });
  await outbound.addHttpRecipient(crm);
  await outbound.start();
  await clock.advance('119s');
  const claim = async () => {
    const now = clock.steady();
    return storage.claim({ holder: 'other', now, expiresAt: now + 1, limit: 1 });
  };
  await clock.advance('10m');
  expect(await claim()).toEqual([]);
  storage.isCutOff = true;
  await clock.advance('130s');
  expect(await claim()).toHaveLength(1);
});

test('a process that works on all queues is not woken in between', async () => {
  const storage = new CutOffStorage();
  const { outbound, clock } = setUp({ storage });
  await outbound.addHttpRecipient(crm);
  await outbound.start();
  const before = storage.announcements;
  await clock.advance('1m');
  expect(storage.announcements - before).toBe(4);
});

test('a queue that another process works on is taken as soon as its lease has run out', async () => {
  const storage = new CutOffStorage();
  const { outbound, clock, http } = setUp({ storage });
  await outbound.addHttpRecipient(crm);
  await outbound.emit('order.paid', { order: 1 });
  const now = clock.steady();
  await storage.claim({ holder: 'dead', now, expiresAt: now + 30_000, limit: 1 });
  await outbound.start();
  await clock.advance('29s');
  expect(http.attempts).toHaveLength(0);
  await clock.advance('2s');
  expect(http.attempts).toHaveLength(1);
});

test('what is held is kept while a stop waits for attempts under way, however long they take', async () => {
  const storage = new CutOffStorage();
  const { outbound, clock, http } = setUp({ storage, stopTimeout: '10m' });
  await outbound.addHttpRecipient(crm);
  await outbound.start();
  const release = http.hold('crm');
  await outbound.emit('order.paid', { order: 1 });
  await clock.advance(0);
  const stopped = outbound.stop();
  await clock.advance('5m');
  const claim = () => storage.claim({ holder: 'other', now: clock.steady(), expiresAt: clock.steady() + 1, limit: 1 });
  expect(await claim()).toEqual([]);
  release();
  await stopped;
  await storage.open({ maxDeliveries: 10, maxBytes: 1_000 });
  expect(await claim()).toHaveLength(1);
  expect(clock.pending).toBe(0);
});

test('a stop does not wait long for a storage that does not answer when the leases are given back', async () => {
  class SilentStorage extends CutOffStorage {
    override async release(): Promise<void> {
      await new Promise(() => {});
    }
  }
  const { outbound, clock } = setUp({ storage: new SilentStorage() });
  await outbound.addHttpRecipient(crm);
  await outbound.start();
  const stopped = outbound.stop();
  await clock.advance('1s');
  await stopped;
  expect(clock.pending).toBe(0);
});

/** A storage that takes its time over one call. */
class SlowStorage extends MemoryStorage {
  tell: StorageListener | null = null;
  announcements = 0;
  #slow: 'announce' | 'claim' | 'renew' | null = null;
  #begun = Promise.withResolvers<void>();
  #held = Promise.withResolvers<void>();

  /** Resolves when it is asked that the next time; it answers when `goOn` is called. */
  async holds(slow: 'announce' | 'claim' | 'renew'): Promise<void> {
    this.#slow = slow;
    await this.#begun.promise;
  }

  goOn(): void {
    this.#held.resolve();
  }

  async #take(name: 'announce' | 'claim' | 'renew'): Promise<void> {
    if (this.#slow !== name) return;
    this.#slow = null;
    this.#begun.resolve();
    await this.#held.promise;
  }

  override listen(listener: StorageListener): () => void {
    this.tell = listener;
    return super.listen(listener);
  }

  override async announce(holder: string, times: LeaseTimes) {
    this.announcements += 1;
    await this.#take('announce');
    return super.announce(holder, times);
  }

  override async claim(request: ClaimRequest): Promise<readonly Lease[]> {
    await this.#take('claim');
    return super.claim(request);
  }

  override async renew(leases: readonly LeaseRef[], times: LeaseTimes): Promise<readonly string[]> {
    await this.#take('renew');
    return super.renew(leases, times);
  }
}

test.each([
  ['announce', '1s'],
  ['claim', '1s'],
  ['renew', '15s'],
] as const)(
  'stop waits for what is under way (%s), tells of no error, and leaves nothing claimed',
  async (call, comesAfter) => {
    const storage = new SlowStorage();
    const { outbound, clock, heard } = setUp({ storage });
    await outbound.addHttpRecipient(crm);
    await outbound.addHttpRecipient({ ...crm, id: 'desk', name: 'Desk' });
    const times = (lastsMs: number): LeaseTimes => ({ now: clock.steady(), expiresAt: clock.steady() + lastsMs });
    await storage.claim({ holder: 'dead', ...times(500), limit: 1 });
    await outbound.start();
    const asked = storage.holds(call);
    await clock.advance(comesAfter);
    await asked;
    const stopped = outbound.stop();
    await clock.advance('500ms');
    storage.goOn();
    await stopped;
    await clock.advance('1s');
    expect(heard('error')).toEqual([]);
    await storage.open({ maxDeliveries: 100, maxBytes: 1e6 });
    expect(await storage.announce('other', times(1_000))).toEqual({ holders: 1, free: 2 });
  },
);

test('leases are renewed in time, however long it takes to look for other queues', async () => {
  const storage = new SlowStorage();
  const { outbound, clock } = setUp({ storage });
  const times = (lastsMs: number): LeaseTimes => ({ now: clock.steady(), expiresAt: clock.steady() + lastsMs });
  await outbound.addHttpRecipient({ ...crm, id: 'desk', name: 'Desk' });
  await storage.claim({ holder: 'other', ...times(3_600_000), limit: 1 });
  await outbound.addHttpRecipient(crm);
  await outbound.start();
  void storage.holds('announce');
  await clock.advance('2m');
  expect(await storage.claim({ holder: 'other', ...times(1), limit: 10, recipientIds: ['crm'] })).toEqual([]);
  storage.goOn();
});

test('however many queues are given back meanwhile, they are looked for once more', async () => {
  const storage = new SlowStorage();
  const { outbound, clock } = setUp({ storage });
  await outbound.addHttpRecipient({ ...crm, id: 'desk', name: 'Desk' });
  const now = clock.steady();
  await storage.claim({ holder: 'other', now, expiresAt: now + 3_600_000, limit: 1 });
  await outbound.start();
  const asked = storage.holds('announce');
  storage.tell?.(['desk'], 'lease');
  await asked;
  const before = storage.announcements;
  for (let number = 0; number < 10; number += 1) storage.tell?.(['desk'], 'lease');
  storage.goOn();
  await clock.advance(0);
  expect(storage.announcements - before).toBe(1);
});

test('no attempt is made under a lease that ran out again while it was being confirmed', async () => {
  const answers = Promise.withResolvers<void>();
  class LateStorage extends CutOffStorage {
    override async renew(leases: readonly LeaseRef[], times: LeaseTimes): Promise<readonly string[]> {
      const lost = await super.renew(leases, times);
      await answers.promise;
      return lost;
    }
  }
  const storage = new LateStorage();
  const { outbound, clock, http } = setUp({ storage });
  await outbound.addHttpRecipient(crm);
  await outbound.start();
  await clock.advance('31s');
  await outbound.emit('order.paid', { order: 1 });
  await clock.advance(0);
  storage.isCutOff = true;
  await clock.advance('31s');
  const now = clock.steady();
  expect(await storage.claim({ holder: 'other', now, expiresAt: now + 60_000, limit: 1 })).toHaveLength(1);
  answers.resolve();
  await clock.advance(0);
  expect(http.attempts).toEqual([]);
});
