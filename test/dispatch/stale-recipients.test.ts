import { expect, test, vi } from 'vitest';
import { MemoryStorage } from '../../src/memory/memory-storage.ts';
import { setUp } from './harness.ts';

const crm = { id: 'crm', name: 'CRM', url: 'https://crm.example.com/hook', events: '*' } as const;

/** One that two hosts have open, of which neither is told what the other does. */
class SharedStorage extends MemoryStorage {
  #isOpen = false;

  override async open(...limits: Parameters<MemoryStorage['open']>): Promise<readonly string[]> {
    if (this.#isOpen) return [];
    this.#isOpen = true;
    return super.open(...limits);
  }
}

function twoHosts() {
  const storage = new SharedStorage();
  const [one, other] = [setUp({ storage }), setUp({ storage })];
  return { storage, one: one.outbound, other: other.outbound };
}

test('a recipient that another process has removed meanwhile is there again when it is added as it was', async () => {
  const { one, other, storage } = twoHosts();
  await one.addHttpRecipient(crm);
  await other.removeRecipient('crm');
  await one.addHttpRecipient(crm);
  expect((await storage.listRecipients()).map(({ id }) => id)).toEqual(['crm']);
  expect((await one.emit('order.paid', { order: 1 })).deliveries).toEqual([{ recipientId: 'crm' }]);
});

test('settings that another process has changed meanwhile are set again when it is added as it was', async () => {
  const { one, other, storage } = twoHosts();
  await one.addHttpRecipient(crm);
  await other.updateRecipient('crm', { enabled: false });
  await one.addHttpRecipient(crm);
  expect(await storage.listRecipients()).toMatchObject([{ settings: expect.stringContaining('"enabled":true') }]);
});

test('a change to what a process believes to be so is made when another process has changed it meanwhile', async () => {
  const { one, other, storage } = twoHosts();
  await one.addHttpRecipient(crm);
  await other.updateRecipient('crm', { enabled: false, headers: { 'x-other': '1' } });
  expect(await one.updateRecipient('crm', { enabled: true })).toMatchObject({
    enabled: true,
    headers: { 'x-other': '1' },
  });
  expect(await storage.listRecipients()).toMatchObject([{ settings: expect.stringContaining('"enabled":true') }]);
});

test('a recipient is removed with its backlog although another process removes it at the same time', async () => {
  const { one, other, storage } = twoHosts();
  await one.addHttpRecipient(crm);
  await other.listRecipients();
  await one.emit('order.paid', { order: 1 });
  const { claim } = storage;
  const drop = { backlog: 'drop' } as const;
  vi.spyOn(storage, 'claim').mockImplementationOnce(async (request) => {
    await one.removeRecipient('crm', drop);
    return claim.call(storage, request);
  });
  await other.removeRecipient('crm', drop);
  expect(await storage.listRecipients()).toEqual([]);
  expect(await storage.listDropped({ limit: 10 })).toHaveLength(1);
});

test('a recipient is removed with its backlog although another process takes its queue on the way', async () => {
  const { one, storage } = twoHosts();
  await one.addHttpRecipient(crm);
  await one.emit('order.paid', { order: 1 });
  const { settle } = storage;
  vi.spyOn(storage, 'settle').mockImplementationOnce(async (settlements) => {
    await storage.claim({ holder: 'other', now: 0, expiresAt: 1, limit: 1, evenIfHeld: true });
    return settle.call(storage, settlements);
  });
  await one.removeRecipient('crm', { backlog: 'drop' });
  expect(await storage.listRecipients()).toEqual([]);
});
