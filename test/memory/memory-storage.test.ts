import { expect, test } from 'vitest';
import type { StoredEvent } from '../../src/core/event.ts';
import type { DroppedDelivery } from '../../src/core/storage.ts';
import { MemoryStorage } from '../../src/memory/memory-storage.ts';

const limits = { maxDeliveries: 1000, maxBytes: 1_000_000 };
const remember = { forgetBefore: 0 };

function storedEvent(id: string, data = '{}'): StoredEvent {
  return { id, type: 'order.paid', version: '1', occurredAt: 1, acceptedAt: 1, data };
}

async function openedStorage(...recipientIds: string[]): Promise<MemoryStorage> {
  const storage = new MemoryStorage();
  await storage.open(limits);
  for (const id of recipientIds) await storage.saveRecipient({ id, settings: '{}' });
  return storage;
}

async function claimOne(storage: MemoryStorage, holder: string, now = 1) {
  const [lease] = await storage.claim({ holder, now, expiresAt: now + 1000, limit: 1 });
  return lease;
}

test('close() gives leases back: after open() another holder has the queue at once', async () => {
  const storage = await openedStorage('crm');
  await storage.append([{ event: storedEvent('e1'), recipientIds: ['crm'] }], remember);
  const before = await claimOne(storage, 'first process');
  expect(await claimOne(storage, 'second process')).toBeUndefined();

  await storage.close();
  await storage.open(limits);

  const after = await claimOne(storage, 'second process');
  if (!before || !after) throw new Error('a lease was refused');
  expect(after.fence).toBeGreaterThan(before.fence);
  expect(await storage.read(before, 10, 1000)).toEqual([]);
  expect(await storage.read(after, 10, 1000)).toEqual([{ sequence: 1, event: storedEvent('e1') }]);
});

test('a lease runs out at its end, not after it', async () => {
  const storage = await openedStorage('crm');
  await storage.claim({ holder: 'first process', now: 1, expiresAt: 1000, limit: 1 });
  expect(await claimOne(storage, 'second process', 999)).toBeUndefined();
  expect(await claimOne(storage, 'second process', 1000)).toBeDefined();
});

test('a transaction of the host is refused, and nothing is stored', async () => {
  const storage = await openedStorage('crm');
  const joining = { ...remember, transaction: {} as never };
  await expect(storage.append([{ event: storedEvent('e1'), recipientIds: ['crm'] }], joining)).rejects.toMatchObject({
    code: 'ERR_TRANSACTION_UNSUPPORTED',
  });
  expect(await storage.stats()).toEqual([{ recipientId: 'crm', queued: 0, oldestAt: null, state: null }]);
});

test('the bytes of an event count once, however many recipients wait for it, until the last of them has it', async () => {
  const storage = await openedStorage('crm', 'erp');
  await storage.close();
  await storage.open({ maxDeliveries: 1000, maxBytes: 100 });
  const large = JSON.stringify({ text: 'x'.repeat(80) });
  const append = async (id: string) =>
    storage.append([{ event: storedEvent(id, large), recipientIds: ['crm', 'erp'] }], remember);

  expect(await append('e1')).toEqual([{ status: 'stored', recipientIds: ['crm', 'erp'] }]);
  expect(await append('e2')).toEqual([{ status: 'backlog-full' }]);
  const [crm, erp] = await storage.claim({ holder: 'me', now: 1, expiresAt: 1000, limit: 2 });
  const [forNobody] = await storage.append([{ event: storedEvent('e3', large), recipientIds: [] }], remember);
  expect(forNobody?.status).toBe('stored');
  if (!crm || !erp) throw new Error('a lease was refused');
  await storage.settle([{ ...crm, through: 1, dropped: [], state: undefined }]);
  expect(await append('e2')).toEqual([{ status: 'backlog-full' }]);
  await storage.settle([{ ...erp, through: 1, dropped: [], state: undefined }]);
  expect(await append('e2')).toEqual([{ status: 'stored', recipientIds: ['crm', 'erp'] }]);
});

test('the log of dropped deliveries stays bounded', async () => {
  const storage = await openedStorage('crm');
  const lease = await claimOne(storage, 'me');
  if (!lease) throw new Error('the lease was refused');
  const dropped = (sequence: number): DroppedDelivery => ({
    recipientId: 'crm',
    sequence,
    eventId: `e${sequence}`,
    type: 'order.paid',
    occurredAt: 1,
    acceptedAt: 1,
    droppedAt: 2,
    reason: 'expired',
    error: null,
  });
  for (let batch = 0; batch < 50; batch += 1) {
    const thousand = Array.from({ length: 1000 }, (_, index) => dropped(batch * 1000 + index + 1));
    await storage.settle([{ ...lease, through: 0, dropped: thousand, state: undefined }]);
  }
  const kept = await storage.listDropped({ limit: 100_000 });
  expect(kept.length).toBeGreaterThanOrEqual(10_000);
  expect(kept.length).toBeLessThanOrEqual(20_000);
  expect(kept[0]?.sequence).toBe(50_000);
});

test('ids are forgotten with their age, and those of waiting events when they have left', async () => {
  const storage = await openedStorage('crm');
  const append = async (id: string, forgetBefore: number) => {
    const [result] = await storage.append(
      [{ event: storedEvent(id, `{"at":${forgetBefore}}`), recipientIds: ['crm'] }],
      {
        forgetBefore,
      },
    );
    return result?.status;
  };
  const settle = async (through: number) => {
    const lease = await claimOne(storage, 'me');
    if (!lease) throw new Error('the lease was refused');
    await storage.settle([{ ...lease, through, dropped: [], state: undefined }]);
  };
  expect([await append('left', 0), await append('waits', 0)]).toEqual(['stored', 'stored']);
  await settle(1);
  expect([await append('left', 2), await append('waits', 2)]).toEqual(['stored', 'id-reused']);
  await settle(2);
  expect(await append('waits', 2)).toBe('stored');
});
