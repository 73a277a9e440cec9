import { expect, test } from 'vitest';
import { failed, httpRecipient, RecordingRelay } from '../../src/testing.ts';
import { fail, held, leaseDuration, never, setUp, storageFailed } from './dispatcher-harness.ts';

const beat = leaseDuration / 2;

/** A recipient goes while the storage is asked to renew the leases. */
async function goWhileRenewed({ dispatcher, clock, storage }: Awaited<ReturnType<typeof setUp>>, id: string) {
  const renewing = held();
  storage.before.renew = renewing.hold;
  await clock.advance(beat);
  dispatcher.recipientGone(id);
  renewing.letGo();
  await clock.advance(0);
}

test('after the old end of a lease that was renewed nobody is asked before an attempt', async () => {
  const { dispatcher, clock, storage, sent, emit } = await setUp();
  await dispatcher.start();
  await clock.advance(leaseDuration + 1);
  storage.asked();
  await emit('crm');
  expect([sent(), storage.asked()]).toEqual([['crm 1'], ['settle crm']]);
});

test('a lease that cannot be renewed is told of; once it may have run out, it is confirmed before an attempt', async () => {
  const { dispatcher, clock, storage, sent, told, emit } = await setUp();
  await dispatcher.start();
  storage.before.renew = fail;
  await clock.advance(beat);
  expect(told()).toEqual([storageFailed]);
  await clock.advance(leaseDuration);
  storage.before.renew = undefined;
  storage.asked();
  told();
  await emit('crm');
  expect(storage.asked()).toEqual(['renew crm', 'settle crm']);
  expect([sent(), told()]).toEqual([['crm 1'], ['delivered crm 1']]);
});

test('a queue that goes while its lease is renewed disturbs nobody: the other lease is good for longer', async () => {
  const situation = await setUp({ ids: ['crm', 'shop'] });
  const { dispatcher, clock, storage, sent, told, emit } = situation;
  await dispatcher.start();
  await goWhileRenewed(situation, 'crm');
  // From now on there is no answer, so that the lease is good for as long as it was said then.
  storage.before.renew = never;
  await clock.advance(beat + 1);
  await emit('shop');
  expect([sent(), told()]).toEqual([['shop 1'], ['delivered shop 1']]);
});

test('a queue that another process took is worked on no longer: the attempt is broken off and not recorded', async () => {
  const { dispatcher, clock, storage, transport, others, results, sent, told, append, emit } = await setUp();
  transport.hold('crm');
  await append('crm');
  await dispatcher.start();
  await clock.advance(0);
  await others.take('crm');
  await emit('crm');
  expect([results(), storage.asked()]).toEqual([[null], ['announce me', 'claim crm']]);
  await clock.advance(beat);
  expect([results(), sent(), told()]).toEqual([['ABORTED'], ['crm 1'], []]);
  expect(storage.asked().filter((call) => call.startsWith('settle'))).toEqual([]);
});

test('a queue that another process took is taken again when that one leaves it', async () => {
  const { dispatcher, clock, others, sent, told, emit } = await setUp();
  await dispatcher.start();
  await others.take('crm');
  await clock.advance(beat);
  await emit('crm');
  expect(sent()).toEqual([]);
  await others.giveBack('crm');
  await clock.advance('1s');
  expect([sent(), told()]).toEqual([['crm 1'], ['delivered crm 1']]);
});

test('of several queues that others took, one that is gone besides does not keep the next from being left', async () => {
  const situation = await setUp({ ids: ['crm', 'shop'] });
  const { dispatcher, transport, others, results, append } = situation;
  transport.hold('shop');
  await append('shop');
  await dispatcher.start();
  await others.take('crm');
  await others.take('shop');
  await goWhileRenewed(situation, 'crm');
  expect(results()).toEqual(['ABORTED']);
});

test('what is said of a lease that was replaced meanwhile is not taken for the new one', async () => {
  const { dispatcher, clock, storage, transport, others, results, sent, told, append, emit } = await setUp();
  const goOn = transport.hold('crm');
  await dispatcher.start();
  const renewing = held();
  storage.before.renew = renewing.hold;
  await clock.advance(beat);
  await others.replace('crm');
  await append('crm');
  dispatcher.recipientGone('crm');
  await dispatcher.recipientSaved(httpRecipient());
  await clock.advance(0);
  expect(sent()).toEqual(['crm 1']);
  renewing.letGo();
  await clock.advance(0);
  expect(results()).toEqual([null]);
  goOn();
  await emit('crm');
  expect([sent(), told()]).toEqual([['crm 2'], ['delivered crm 1', 'delivered crm 2']]);
});

test('a queue that turns out to be lost when an attempt is recorded is taken again a second after it is left', async () => {
  const { dispatcher, clock, storage, others, sent, told, append } = await setUp();
  storage.before.settle = () => others.take('crm');
  await append('crm');
  await dispatcher.start();
  await clock.advance(0);
  expect([sent(), told()]).toEqual([['crm 1'], []]);
  storage.before.settle = undefined;
  await others.giveBack('crm');
  await clock.advance('999ms');
  expect(sent()).toEqual([]);
  await clock.advance(1);
  expect([sent(), told()]).toEqual([['crm 1'], ['delivered crm 1']]);
});

test('an attempt whose lease was replaced meanwhile does not end the work under the new one', async () => {
  const { dispatcher, clock, storage, transport, others, sent, told, append, emit } = await setUp();
  const goOn = transport.hold('crm');
  await append('crm');
  await dispatcher.start();
  await clock.advance(0);
  await others.replace('crm');
  dispatcher.recipientGone('crm');
  await dispatcher.recipientSaved(httpRecipient());
  goOn();
  await clock.advance(0);
  expect([sent(), told()]).toEqual([['crm 1'], []]);
  storage.asked();
  await emit('crm');
  expect([sent(), told(), storage.asked()]).toEqual([['crm 1'], ['delivered crm 1'], ['settle crm']]);
});

test('a queue is left to another process once the attempt under way is recorded, and nothing is sent after it', async () => {
  const { dispatcher, clock, storage, transport, others, sent, told, append } = await setUp({ ids: ['crm', 'shop'] });
  const goOn = transport.hold('crm');
  await append('crm');
  await append('crm', 'shop');
  await dispatcher.start();
  await others.come();
  await clock.advance(beat);
  expect(storage.asked()).not.toContain('release crm');
  sent();
  told();
  goOn();
  await clock.advance(0);
  expect(storage.asked()).toEqual(['settle crm', 'release crm']);
  expect([sent(), told()]).toEqual([[], ['delivered crm 1']]);
});

test('a queue that was left to another process is taken again when that one goes', async () => {
  const { dispatcher, clock, others, sent, append } = await setUp({ ids: ['crm', 'shop'] });
  await dispatcher.start();
  await others.come();
  await clock.advance(beat);
  await others.take('crm');
  await append('crm');
  await others.giveBack('crm');
  await others.go();
  dispatcher.released();
  await clock.advance(0);
  expect(sent()).toEqual(['crm 1']);
});

test('a queue is left to another process once the mail about it is recorded, and no other mail is sent', async () => {
  const relay = new RecordingRelay();
  const mailing = held();
  const sendAlert = relay.sendAlert.bind(relay);
  relay.sendAlert = async (mail) => {
    await mailing.hold();
    return sendAlert(mail);
  };
  const { dispatcher, clock, storage, transport, others, save, told, append } = await setUp({ ids: [], relay });
  const alerts = { to: ['ops@example.com'], after: 1_000, resendEvery: 3_000, recovered: true };
  const retry = { interval: 1_000_000, duration: 10_000_000 };
  await save(httpRecipient({ id: 'crm', alerts, retry }));
  await save(httpRecipient({ id: 'shop' }));
  transport.answer('crm', failed(500));
  await append('crm');
  await dispatcher.start();
  await others.come();
  await clock.advance(beat);
  expect(storage.asked()).not.toContain('release crm');
  told();
  mailing.letGo();
  await clock.advance(0);
  expect(storage.asked()).toEqual(['settle crm', 'release crm']);
  await others.take('crm');
  await clock.advance(beat);
  expect([told(), relay.mails.length]).toEqual([['alert:sent crm'], 1]);
});

test('a queue that is being removed is not left to another process', async () => {
  const { dispatcher, clock, storage, others, sent, append, emit } = await setUp({ ids: ['crm', 'shop'] });
  await dispatcher.start();
  await others.come();
  const removing = held();
  storage.before.removeRecipient = removing.hold;
  const removed = dispatcher.remove('crm', false);
  await clock.advance(beat);
  expect(storage.asked()).not.toContain('release crm');
  await append('crm');
  removing.letGo();
  expect(await removed).toBe(false);
  await emit('crm');
  expect(sent()).toEqual(['crm 1', 'crm 2']);
});

test('a queue that goes while it is being left is given back once', async () => {
  const { dispatcher, clock, storage, transport, others, append } = await setUp({ ids: ['crm', 'shop'] });
  const goOn = transport.hold('crm');
  await append('crm');
  await dispatcher.start();
  await others.come();
  await clock.advance(beat);
  dispatcher.recipientGone('crm');
  storage.asked();
  goOn();
  await clock.advance(0);
  expect(storage.asked()).toEqual(['settle crm', 'release crm']);
});

test('a queue that cannot be worked on here any more is given back once its attempt is recorded, for others to take', async () => {
  const { dispatcher, clock, storage, transport, append } = await setUp();
  const goOn = transport.hold('crm');
  await append('crm');
  await dispatcher.start();
  await clock.advance(0);
  storage.asked();
  dispatcher.recipientGone('crm');
  await clock.advance(0);
  expect(storage.asked()).toEqual([]);
  goOn();
  await clock.advance(0);
  expect(storage.asked()).toEqual(['settle crm', 'release crm']);
});

test('without a relay queues are taken, left, lost and gone all the same', async () => {
  const ids = ['crm', 'shop', 'desk', 'bank'];
  const { dispatcher, clock, storage, transport, others, sent, told, emit } = await setUp({ ids, relay: null });
  transport.answer('desk', failed(500));
  await dispatcher.start();
  await emit(...ids);
  expect(told().filter((what) => what.startsWith('delivered'))).toHaveLength(3);
  await others.come();
  await clock.advance(beat);
  expect(storage.asked().slice(-2)).toEqual(['release crm', 'release shop']);
  for (const id of ['crm', 'shop', 'desk']) await others.take(id);
  await clock.advance(beat);
  dispatcher.recipientGone('bank');
  sent();
  await emit(...ids);
  expect([sent(), told()]).toEqual([[], []]);
});
