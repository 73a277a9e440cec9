import { expect, test, vi } from 'vitest';
import { MemoryStorage } from '../../src/memory/memory-storage.ts';
import { failed, ManualClock } from '../../src/testing.ts';
import { minute, setUp } from './harness.ts';

const crm = {
  id: 'crm',
  name: 'CRM',
  url: 'https://crm.example.com/hook',
  events: '*',
  retry: { interval: '2m', duration: '5m' },
} as const;

/** A storage whose time is so far ahead of the clock of the host that uses it. */
class TimedStorage extends MemoryStorage {
  #clock = new ManualClock();
  #aheadMs = 0;

  isAheadOf(clock: ManualClock, byMs: number): void {
    this.#clock = clock;
    this.#aheadMs = byMs;
  }

  override async time(): Promise<number> {
    return this.#clock.steady() + this.#aheadMs;
  }
}

test('F29: an age or a wait that one process has begun to reckon goes on in another, whatever its clock says', async () => {
  const storage = new TimedStorage();
  const slow = new ManualClock({ now: Date.UTC(2026, 0, 1) });
  storage.isAheadOf(slow, 10 * minute);
  const first = setUp({ storage, clock: slow });
  first.http.answer('crm', failed(500));
  await first.outbound.addHttpRecipient(crm);
  await first.outbound.start();
  await first.outbound.emit('order.paid', { order: 1 });
  await slow.advance('1m');
  await first.outbound.stop();

  const fast = new ManualClock({ now: slow.steady() + 20 * minute });
  storage.isAheadOf(fast, -10 * minute);
  const { outbound, http, heard } = setUp({ storage, clock: fast });
  http.answer('crm', failed(500), failed(500), failed(500));
  await outbound.start();
  await fast.advance('59s');
  expect(http.attempts).toHaveLength(0);
  await fast.advance('1s');
  expect(http.attempts).toMatchObject([{ number: 2 }]);
  expect(heard('dropped')).toEqual([]);
  await fast.advance('4m');
  expect(heard('dropped')).toMatchObject([{ sequence: 1, reason: 'expired' }]);
});

test('F29: what is emitted before the storage is open has its age by the clock of the storage, too', async () => {
  const storage = new TimedStorage();
  const { outbound, clock, http, heard } = setUp({ storage });
  storage.isAheadOf(clock, 10 * minute);
  http.answer('crm', failed(500));
  await storage.open({ maxDeliveries: 100, maxBytes: 1e6 });
  const other = setUp({ storage, clock });
  await other.outbound.addHttpRecipient(crm);
  await other.outbound.stop();
  const emitted = outbound.emit('order.paid', { order: 1 });
  await outbound.start();
  await emitted;
  await clock.advance(0);
  expect(http.attempts).toHaveLength(1);
  expect(heard('dropped')).toEqual([]);
});

test('F29: what is emitted after the machine was suspended is not older than it is', async () => {
  const storage = new TimedStorage();
  const { outbound, clock } = setUp({ storage });
  storage.isAheadOf(clock, 0);
  await outbound.addHttpRecipient(crm);
  // Its own time stood still meanwhile.
  storage.isAheadOf(clock, 120 * minute);
  await clock.advance('15s');
  await outbound.emit('order.paid', { order: 1 });
  expect(await storage.stats('crm')).toMatchObject([{ oldestAt: await storage.time() }]);
});

test('its clock keeps up as long as it runs, also when it could not be asked once', async () => {
  const storage = new TimedStorage();
  const { outbound, clock } = setUp({ storage });
  storage.isAheadOf(clock, 0);
  await outbound.addHttpRecipient(crm);
  vi.spyOn(storage, 'time').mockRejectedValueOnce(new Error('cut off'));
  storage.isAheadOf(clock, 120 * minute);
  await clock.advance('30s');
  await outbound.emit('order.paid', { order: 1 });
  expect(await storage.stats('crm')).toMatchObject([{ oldestAt: await storage.time() }]);
  await outbound.stop();
  expect(clock.pending).toBe(0);
});
