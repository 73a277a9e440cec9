import { expect, test } from 'vitest';
import { OutboundEventsError } from '../../src/core/errors.ts';
import type { LeaseRef, LeaseTimes } from '../../src/core/storage.ts';
import { Spread } from '../../src/dispatch/spread.ts';
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

test('the share of a process is claimed, and what exceeds it is left to others', () => {
  const spread = new Spread();
  expect(spread.claimable({ holders: 2, free: 10 }, 10, 0)).toEqual({ limit: 5, beyond: false });
  expect(spread.claimable({ holders: 2, free: 0 }, 10, 3)).toEqual({ limit: 0, beyond: false });
  expect(spread.excess({ holders: 2, free: 0 }, 10, ['a', 'b', 'c', 'd', 'e', 'f', 'g'])).toEqual(['a', 'b']);
  expect(spread.excess({ holders: 1, free: 0 }, 10, ['a', 'b'])).toEqual([]);
});

test('a queue that nobody takes is taken beyond the share, and kept until others come or go', () => {
  const spread = new Spread();
  const left = { holders: 2, free: 1 };
  for (let check = 1; check < 5; check += 1) expect(spread.claimable(left, 2, 1)).toEqual({ limit: 0, beyond: false });
  expect(spread.claimable(left, 2, 1)).toEqual({ limit: 2, beyond: true });
  spread.keep(['b']);
  expect(spread.excess({ holders: 2, free: 0 }, 2, ['b', 'a'])).toEqual(['a']);
  expect(spread.excess({ holders: 3, free: 0 }, 2, ['b', 'a'])).toEqual(['b']);
});
