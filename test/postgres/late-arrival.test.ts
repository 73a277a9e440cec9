import { expect, test } from 'vitest';
import { healthy } from '../../src/core/queue-state.ts';
import { storedEvent } from '../../src/testing/builders.ts';
import { failingState } from '../../src/testing/storage-subject.ts';
import { ownDatabase, storageOver } from './hosts.ts';
import { LatePool } from './late-pool.ts';

/** A storage whose statements can arrive late. */
async function overLatePool() {
  const database = await ownDatabase();
  const pool = new LatePool(database.pool());
  return { storage: await storageOver(pool), pool };
}

test('a settlement that was given up and arrives after later ones takes nothing back', async () => {
  const { storage, pool } = await overLatePool();
  await storage.saveRecipient({ id: 'crm', settings: '{}' });
  await storage.append([{ event: storedEvent({ id: 'event-1' }), recipientIds: ['crm'] }], { forgetBefore: 0 });
  const [lease] = await storage.claim({ holder: 'holder-a', limit: 1, now: 0, expiresAt: 60_000 });
  const settle = (through: number, state = failingState('answered 500')) =>
    storage.settle([{ recipientId: 'crm', fence: lease?.fence ?? 0, through, dropped: [], state }]);
  await pool.givesUp(() => settle(0));
  // Given again it is a newer one.
  expect(await settle(0)).toEqual([true]);
  expect((await storage.stats('crm'))[0]?.state).toEqual(failingState('answered 500'));
  expect(await settle(1, healthy)).toEqual([true]);
  await pool.arrive();
  expect(await storage.stats('crm')).toMatchObject([{ queued: 0, state: { failing: null } }]);
});

test('under a new lease settlements count anew', async () => {
  const { storage } = await overLatePool();
  await storage.saveRecipient({ id: 'crm', settings: '{}' });
  for (const state of [failingState('first'), failingState('second')]) {
    const [lease] = await storage.claim({ holder: 'holder-a', limit: 1, now: 0, expiresAt: 60_000 });
    await storage.settle([{ recipientId: 'crm', fence: lease?.fence ?? 0, through: 0, dropped: [], state }]);
    expect((await storage.stats('crm'))[0]?.state).toEqual(state);
  }
});

test('settings that were given up and arrive after later ones change nothing', async () => {
  const { storage, pool } = await overLatePool();
  await pool.givesUp(() => storage.saveRecipient({ id: 'crm', settings: '{"old":1}' }));
  await storage.saveRecipient({ id: 'crm', settings: '{"new":1}' });
  await pool.arrive();
  expect(await storage.listRecipients()).toEqual([{ id: 'crm', settings: '{"new":1}' }]);
  await pool.givesUp(() => storage.saveRecipient({ id: 'crm', settings: '{"late":1}' }, '{"new":1}'));
  await storage.saveRecipient({ id: 'crm', settings: '{"newer":1}' });
  await storage.saveRecipient({ id: 'crm', settings: '{"new":1}' });
  await pool.arrive();
  expect(await storage.listRecipients()).toEqual([{ id: 'crm', settings: '{"new":1}' }]);
});

test('a removal that was given up and arrives when the recipient was added again removes nothing', async () => {
  const { storage, pool } = await overLatePool();
  await storage.saveRecipient({ id: 'crm', settings: '{}' });
  await pool.givesUp(() => storage.removeRecipient('crm'));
  expect(await storage.removeRecipient('crm')).toBe(true);
  await storage.saveRecipient({ id: 'crm', settings: '{}' });
  await pool.arrive();
  expect(await storage.listRecipients()).toEqual([{ id: 'crm', settings: '{}' }]);
});
