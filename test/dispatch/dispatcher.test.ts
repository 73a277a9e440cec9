import { expect, test } from 'vitest';
import { OutboundEventsError } from '../../src/core/errors.ts';
import { delivered, failed, httpRecipient } from '../../src/testing.ts';
import { fail, setUp, storageFailed } from './dispatcher-harness.ts';
import { minute } from './harness.ts';

test('before the start nothing is asked of the storage; from then on what waits is sent, and what comes', async () => {
  const { dispatcher, storage, sent, told, append, emit } = await setUp({ ids: ['crm', 'shop'] });
  await append('crm', 'shop');
  await dispatcher.takeUp();
  await emit('crm');
  expect([storage.asked(), sent()]).toEqual([[], []]);
  await dispatcher.start();
  await emit('shop');
  expect(storage.asked().slice(0, 2)).toEqual(['announce me', 'claim crm,shop']);
  expect(sent().toSorted()).toEqual(['crm 1', 'crm 2', 'shop 1', 'shop 2']);
  expect(told().toSorted()).toEqual(['delivered crm 1', 'delivered crm 2', 'delivered shop 1', 'delivered shop 2']);
});

test('a start that the storage keeps from it begins nothing', async () => {
  const { dispatcher, clock, storage, sent, told, append } = await setUp();
  await append('crm');
  storage.before.claim = fail;
  await expect(dispatcher.start()).rejects.toThrow('no storage');
  await clock.advance('1h');
  expect([sent(), told(), clock.pending]).toEqual([[], [], 0]);
});

test('what keeps it from taking queues is told, and it is tried again', async () => {
  const { dispatcher, clock, storage, others, sent, told, append } = await setUp();
  await others.take('crm');
  await append('crm');
  await dispatcher.start();
  await others.giveBack('crm');
  storage.before.announce = fail;
  await dispatcher.takeUp();
  expect(told()).toEqual([storageFailed]);
  storage.before.announce = () => Promise.reject(new OutboundEventsError('ERR_STORAGE_BUSY', 'too much to do'));
  dispatcher.released();
  await clock.advance(0);
  expect([told(), sent()]).toEqual([['error ERR_STORAGE_BUSY: too much to do'], []]);
  storage.before.announce = undefined;
  await clock.advance('1s');
  expect([told(), sent()]).toEqual([['delivered crm 1'], ['crm 1']]);
});

test('a queue that another process gives back is taken at once', async () => {
  const { dispatcher, clock, others, sent, append } = await setUp();
  await others.take('crm');
  await append('crm');
  await dispatcher.start();
  await others.giveBack('crm');
  dispatcher.released();
  await clock.advance(0);
  expect(sent()).toEqual(['crm 1']);
});

test('a recipient that is added is worked on, and one that is changed is tried at once with its new settings', async () => {
  const { dispatcher, clock, storage, transport, save, sent, append } = await setUp({ ids: [] });
  await dispatcher.start();
  await save(httpRecipient());
  await append('crm');
  transport.answer('crm', failed(500));
  await dispatcher.recipientSaved(httpRecipient());
  await clock.advance(0);
  expect(sent()).toEqual(['crm 1']);
  storage.asked();
  const { send } = transport;
  const urls: string[] = [];
  transport.send = (attempt, options) => {
    if (attempt.recipient.kind === 'http') urls.push(attempt.recipient.url);
    return send.call(transport, attempt, options);
  };
  await dispatcher.recipientSaved(httpRecipient({ url: 'https://new.example.com/' }));
  await clock.advance(0);
  expect([sent(), urls]).toEqual([['crm 1'], ['https://new.example.com/']]);
  expect(storage.asked()).toEqual(['settle crm']);
});

test('a recipient that is gone is worked on no longer, and its lease not renewed; others are', async () => {
  const { dispatcher, clock, storage, transport, sent, told, emit } = await setUp({ ids: ['crm', 'shop'] });
  transport.answer('crm', failed(500));
  await dispatcher.start();
  await emit('crm');
  expect(sent()).toEqual(['crm 1']);
  told();
  dispatcher.recipientGone('crm');
  dispatcher.recipientGone('crm');
  dispatcher.recipientGone('desk');
  await emit('crm', 'shop');
  storage.asked();
  storage.before.announce = fail;
  await clock.advance(minute);
  expect(sent()).toEqual(['shop 1']);
  expect(storage.asked()).toContain('renew shop');
  expect(told()).toContain('delivered shop 1');
});

test('the attempt under way at a recipient that is gone is recorded; what waits behind it is not sent', async () => {
  const { dispatcher, clock, transport, sent, told, append } = await setUp();
  const goOn = transport.hold('crm');
  await append('crm');
  await append('crm');
  await dispatcher.start();
  await clock.advance(0);
  dispatcher.recipientGone('crm');
  goOn();
  await clock.advance('10s');
  expect([sent(), told()]).toEqual([['crm 1'], ['delivered crm 1']]);
});

test('a recipient that was gone and is there again is worked on again', async () => {
  const { dispatcher, clock, others, sent, emit } = await setUp();
  await dispatcher.start();
  await others.replace('crm');
  dispatcher.recipientGone('crm');
  await emit('crm');
  expect(sent()).toEqual([]);
  await dispatcher.recipientSaved(httpRecipient());
  await clock.advance(0);
  expect(sent()).toEqual(['crm 1']);
});

test('a recipient that goes while its queue is being claimed is not worked on, and others are', async () => {
  const { dispatcher, clock, storage, recipients, sent, told, append } = await setUp({ ids: ['crm', 'shop'] });
  await append('crm', 'shop');
  storage.before.claim = () => {
    recipients.delete('crm');
    dispatcher.recipientGone('crm');
  };
  await dispatcher.start();
  await clock.advance(minute);
  expect([sent(), told()]).toEqual([['shop 1'], ['delivered shop 1']]);
});

test('a queue that the storage names twice is worked on once', async () => {
  const { dispatcher, clock, storage, transport, sent, append } = await setUp();
  const { claim } = storage;
  storage.claim = async (request) => {
    const leases = await claim.call(storage, request);
    return [...leases, ...leases];
  };
  transport.hold('crm');
  await append('crm');
  await dispatcher.start();
  await clock.advance(0);
  expect(sent()).toEqual(['crm 1']);
});

test('what an attempt shows about the relay is passed on, and nothing when it never got to talk to it', async () => {
  const { dispatcher, transport, relaySaid, emit } = await setUp();
  transport.answer('crm', delivered(), { ...delivered(), relay: 'OK' }, { ...failed(), relay: '421 closing down' });
  await dispatcher.start();
  await emit('crm');
  expect(relaySaid).toEqual([]);
  await emit('crm');
  await emit('crm');
  expect(relaySaid).toEqual(['OK', '421 closing down']);
});

test('no more attempts are under way than allowed', async () => {
  const { dispatcher, clock, transport, sent, append } = await setUp({ ids: ['crm', 'shop', 'desk'], concurrency: 2 });
  const goOn = transport.hold('crm');
  transport.hold('shop');
  await append('crm', 'shop', 'desk');
  await dispatcher.start();
  await clock.advance(0);
  expect(sent()).toEqual(['crm 1', 'shop 1']);
  goOn();
  await clock.advance(0);
  expect(sent()).toEqual(['desk 1']);
});

test('what cannot be recorded is told, and recorded later: it is neither sent again nor told twice', async () => {
  const { dispatcher, storage, sent, told, append } = await setUp();
  const recorded = Promise.withResolvers<void>();
  let failures = 0;
  storage.before.settle = () => {
    failures += 1;
    if (failures <= 2) fail();
    recorded.resolve();
  };
  await append('crm');
  await dispatcher.start();
  await recorded.promise;
  await new Promise((resolve) => setImmediate(resolve));
  expect(told()).toEqual([storageFailed, storageFailed, 'delivered crm 1']);
  expect([sent(), await storage.stats('crm')]).toMatchObject([['crm 1'], [{ queued: 0 }]]);
});
