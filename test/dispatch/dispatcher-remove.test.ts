import { expect, test } from 'vitest';
import { failed, httpRecipient } from '../../src/testing.ts';
import { fail, held, leaseDuration, setUp, storageFailed } from './dispatcher-harness.ts';
import { minute } from './harness.ts';

test('a recipient for whom nothing waits is removed, and its lease is renewed no longer', async () => {
  const { dispatcher, clock, storage, told } = await setUp({ ids: ['crm', 'shop'] });
  await dispatcher.start();
  expect(await dispatcher.remove('crm', false)).toBe(true);
  expect(await storage.listRecipients()).toMatchObject([{ id: 'shop' }]);
  storage.asked();
  await clock.advance(leaseDuration / 2);
  expect(storage.asked()[0]).toBe('renew shop');
  expect(told()).toEqual([]);
});

test('a recipient that was removed can be added again, and is worked on', async () => {
  for (const dropBacklog of [false, true]) {
    const { dispatcher, clock, save, sent, told, append } = await setUp();
    await dispatcher.start();
    expect(await dispatcher.remove('crm', dropBacklog)).toBe(true);
    await save(httpRecipient());
    await append('crm');
    await dispatcher.recipientSaved(httpRecipient());
    await clock.advance(0);
    expect([sent(), told()]).toEqual([['crm 1'], ['delivered crm 1']]);
  }
});

test('a recipient that this process does not work on is removed too', async () => {
  const { dispatcher, storage, others, told, append } = await setUp({ ids: ['crm', 'shop'] });
  await others.take('crm');
  await append('shop');
  expect(await dispatcher.remove('crm', false)).toBe(true);
  expect(await dispatcher.remove('shop', true)).toBe(true);
  expect(await dispatcher.remove('desk', true)).toBe(true);
  expect([await storage.listRecipients(), told()]).toEqual([[], ['dropped shop 1']]);
});

test('while deliveries wait that are not to be dropped nothing is removed, and the work goes on', async () => {
  const { dispatcher, clock, storage, transport, sent, told, emit } = await setUp();
  transport.answer('crm', failed(500));
  await dispatcher.start();
  await emit('crm');
  storage.asked();
  expect(await dispatcher.remove('crm', false)).toBe(false);
  expect(storage.asked()).toEqual(['removeRecipient crm']);
  await clock.advance(minute);
  expect(sent()).toEqual(['crm 1', 'crm 1']);
  expect(told()).toContain('delivered crm 1');
});

test('what waits is dropped once the attempt under way is recorded, and nothing is sent after it', async () => {
  const { dispatcher, clock, storage, transport, sent, told, append } = await setUp();
  const goOn = transport.hold('crm');
  for (let number = 1; number <= 3; number += 1) await append('crm');
  await dispatcher.start();
  await clock.advance(0);
  const removed = dispatcher.remove('crm', true);
  await clock.advance('10s');
  expect(told()).toEqual([]);
  goOn();
  expect(await removed).toBe(true);
  expect([sent(), told()]).toEqual([['crm 1'], ['delivered crm 1', 'dropped crm 2', 'dropped crm 3']]);
  const dropped = { recipientId: 'crm', droppedAt: clock.steady(), reason: 'removed', error: null };
  expect(await storage.listDropped({ limit: 10 })).toMatchObject([
    { ...dropped, sequence: 3 },
    { ...dropped, sequence: 2 },
  ]);
});

test('what waits is dropped although another process works on the queue', async () => {
  const { dispatcher, storage, others, told, append } = await setUp();
  await others.take('crm');
  await append('crm');
  await dispatcher.start();
  expect(await dispatcher.remove('crm', true)).toBe(true);
  expect([told(), await storage.listRecipients()]).toEqual([['dropped crm 1'], []]);
});

test('what is emitted meanwhile is dropped too, however often', async () => {
  const { dispatcher, storage, told, append } = await setUp();
  await dispatcher.start();
  let emitted = 0;
  storage.before.removeRecipient = () => {
    emitted += 1;
    return emitted <= 15 ? append('crm') : undefined;
  };
  expect(await dispatcher.remove('crm', true)).toBe(true);
  expect(told()).toHaveLength(15);
});

/** Another process takes the queue so many times, each time when something is to be dropped. */
async function takenTimes(most: number) {
  const all = await setUp();
  const { storage, others, append } = all;
  await append('crm');
  let times = 0;
  storage.before.settle = () => {
    times += 1;
    return times <= most ? others.take('crm') : undefined;
  };
  return { ...all, times: () => times };
}

test('a queue that another process takes meanwhile is taken again, ten times', async () => {
  const { dispatcher, told, times } = await takenTimes(10);
  expect(await dispatcher.remove('crm', true)).toBe(true);
  expect([times(), told()]).toEqual([11, ['dropped crm 1']]);
});

test('a queue that another process takes once more is left to that one, and nothing is removed', async () => {
  const { dispatcher, storage, told, times } = await takenTimes(11);
  await expect(dispatcher.remove('crm', true)).rejects.toMatchObject({
    code: 'ERR_LEASE_LOST',
    message: 'another process works on the queue of "crm"',
  });
  expect([times(), told()]).toEqual([11, []]);
  expect(await storage.stats('crm')).toMatchObject([{ queued: 1 }]);
});

test('while a recipient is being removed, its queue is not taken, nor its lease renewed', async () => {
  const { dispatcher, clock, storage, sent, told, append } = await setUp({ ids: ['crm', 'shop'] });
  await dispatcher.start();
  const removing = held();
  storage.before.removeRecipient = removing.hold;
  const removed = dispatcher.remove('crm', true);
  await clock.advance(0);
  await append('crm');
  storage.asked();
  await dispatcher.takeUp();
  await clock.advance(2 * leaseDuration);
  const asked = storage.asked();
  expect(asked).toContain('renew shop');
  expect(asked.filter((call) => call.includes('crm'))).toEqual([]);
  removing.letGo();
  expect(await removed).toBe(true);
  expect([sent(), told()]).toEqual([[], ['dropped crm 1']]);
});

test.each(['removeRecipient', 'read'] as const)(
  'a recipient whose removal failed is worked on again at once: %s',
  async (call) => {
    const { dispatcher, clock, storage, sent, told, append } = await setUp();
    await dispatcher.start();
    await append('crm');
    storage.before[call] = fail;
    await expect(dispatcher.remove('crm', true)).rejects.toThrow('no storage');
    storage.before[call] = undefined;
    await append('crm');
    told();
    await dispatcher.takeUp();
    await clock.advance(0);
    const sequence = call === 'read' ? 1 : 2;
    expect(sent().at(0)).toBe(`crm ${sequence}`);
  },
);

test('that a queue cannot be given back after a failed removal changes nothing: its lease runs out', async () => {
  const { dispatcher, clock, storage, sent, append } = await setUp();
  await dispatcher.start();
  storage.before.removeRecipient = fail;
  storage.before.release = fail;
  await expect(dispatcher.remove('crm', true)).rejects.toThrow('no storage');
  await append('crm');
  await dispatcher.takeUp();
  await clock.advance(leaseDuration - 1);
  expect(sent()).toEqual([]);
  await clock.advance(1);
  expect(sent()).toEqual(['crm 1']);
});

test('a recipient that another process kept taking is worked on again when that one leaves it', async () => {
  const { dispatcher, clock, others, sent } = await takenTimes(11);
  await others.take('crm');
  await dispatcher.start();
  await expect(dispatcher.remove('crm', true)).rejects.toMatchObject({ code: 'ERR_LEASE_LOST' });
  await others.giveBack('crm');
  await dispatcher.takeUp();
  await clock.advance(0);
  expect(sent()).toEqual(['crm 1']);
});

test('while the storage fails what is dropped is recorded again and again, and each failure told', async () => {
  const { dispatcher, storage, told, append } = await setUp();
  await append('crm');
  let failures = 0;
  storage.before.settle = () => {
    failures += 1;
    if (failures <= 2) fail();
  };
  expect(await dispatcher.remove('crm', true)).toBe(true);
  expect(told()).toEqual([storageFailed, storageFailed, 'dropped crm 1']);
});
