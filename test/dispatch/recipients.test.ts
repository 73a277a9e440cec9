import { expect, test } from 'vitest';
import { OutboundEventsError } from '../../src/core/errors.ts';
import { MemoryStorage } from '../../src/memory/memory-storage.ts';
import { failed } from '../../src/testing.ts';
import { catalog, hour, minute, setUp } from './harness.ts';

const crm = { id: 'crm', name: 'CRM', url: 'https://crm.example.com/hook', events: '*' } as const;
const managers = { name: 'Managers', to: 'a@example.com, b@example.com', events: { 'order.paid': true } } as const;

test('a recipient comes back with every default filled in', async () => {
  const { outbound } = setUp();
  expect(
    await outbound.addHttpRecipient({ name: 'Help Desk (EU)', url: 'https://x.example/', events: ['order.*'] }),
  ).toEqual({
    kind: 'http',
    id: 'help-desk-eu',
    name: 'Help Desk (EU)',
    enabled: true,
    whileDisabled: 'skip',
    retry: { interval: minute, duration: 72 * hour },
    alerts: null,
    url: 'https://x.example/',
    events: ['order.*'],
    format: 'form',
    ca: null,
    headers: {},
    timeout: 30_000,
    success: [200],
    tls: { cert: null, key: null, passphrase: null, servername: null, minVersion: 'TLSv1.2' },
    signingSecrets: [],
    maxRetryAfter: 60 * minute,
    onRejected: 'block',
    rejection: { attempts: 3, statuses: [400, 404, 409, 410, 413, 415, 422] },
  });
  expect(await outbound.addEmailRecipient(managers)).toEqual({
    kind: 'email',
    id: 'managers',
    name: 'Managers',
    enabled: true,
    whileDisabled: 'skip',
    retry: { interval: 5 * minute, duration: 72 * hour },
    alerts: null,
    to: ['a@example.com', 'b@example.com'],
    events: { 'order.paid': true },
  });
});

test('email recipients get the types they name', async () => {
  const { outbound, clock, email } = setUp();
  await outbound.addEmailRecipient(managers);
  void outbound.start();
  await outbound.emit('order.paid', { order: 1 });
  await outbound.emit('order.sent', { order: 1 });
  await clock.advance(0);

  expect(email.attempts.map(({ type }) => type)).toEqual(['order.paid']);
});

test('adding a recipient again replaces its settings and keeps its queue', async () => {
  const { outbound, clock, http } = setUp();
  await outbound.addHttpRecipient(crm);
  http.answerWith('crm', ({ recipient }) =>
    recipient.kind === 'http' && recipient.url.endsWith('/new') ? { outcome: 'delivered' } : failed(500),
  );
  void outbound.start();
  await outbound.emit('order.paid', { order: 1 });
  await clock.advance('10s');

  await outbound.addHttpRecipient({ ...crm, url: 'https://crm.example.com/new' });
  await clock.advance(0);

  expect(http.attempts.map(({ sequence, number }) => [sequence, number])).toEqual([
    [1, 1],
    [1, 2],
  ]);
  expect(await outbound.listRecipients()).toHaveLength(1);
});

test('declaring a recipient again as it is changes nothing, not even a wait', async () => {
  const { outbound, clock, http } = setUp();
  await outbound.addHttpRecipient(crm);
  http.answer('crm', failed(500));
  void outbound.start();
  await outbound.emit('order.paid', { order: 1 });
  await clock.advance('10s');
  await outbound.addHttpRecipient(crm);
  await clock.advance('49s');
  expect(http.attempts).toHaveLength(1);

  await clock.advance('1s');
  expect(http.attempts).toHaveLength(2);
});

test('a change during an attempt is tried at once after it', async () => {
  const { outbound, clock, http } = setUp();
  await outbound.addHttpRecipient(crm);
  const release = http.hold('crm');
  http.answer('crm', failed(500));
  void outbound.start();
  await outbound.emit('order.paid', { order: 1 });
  await clock.advance(0);
  await outbound.updateRecipient('crm', { url: 'https://crm.example.com/new' });
  release();
  await clock.advance(0);

  expect(http.attempts).toHaveLength(2);
});

test('changes leave the rest as it is, within retry and alerts too', async () => {
  const { outbound } = setUp();
  await outbound.addHttpRecipient({
    ...crm,
    retry: { interval: '2m' },
    alerts: { to: 'ops@example.com', after: '1m' },
  });
  const changed = await outbound.updateRecipient('crm', { retry: { duration: '1d' }, alerts: { resendEvery: '1h' } });

  expect(changed).toMatchObject({
    url: crm.url,
    retry: { interval: 2 * minute, duration: 24 * hour },
    alerts: { to: ['ops@example.com'], after: minute, resendEvery: hour },
  });
  expect(await outbound.updateRecipient('crm', { alerts: null })).toMatchObject({ alerts: null });
  await expect(outbound.updateRecipient('crm', { url: 'ftp://x' })).rejects.toMatchObject({ code: 'ERR_CONFIG_URL' });
  expect((await outbound.listRecipients())[0]).toMatchObject({ url: crm.url });
});

test('a disabled recipient gets nothing, skips new events, keeps its queue and goes on when enabled', async () => {
  const { outbound, clock, http } = setUp();
  await outbound.addHttpRecipient(crm);
  await outbound.emit('order.paid', { order: 1 });
  await outbound.updateRecipient('crm', { enabled: false });
  void outbound.start();
  await outbound.emit('order.paid', { order: 2 });
  await clock.advance('1h');
  expect(http.attempts).toEqual([]);
  expect((await outbound.status()).recipients[0]).toMatchObject({ state: 'disabled', enabled: false, queued: 1 });

  await outbound.updateRecipient('crm', { enabled: true });
  await clock.advance(0);
  expect(http.attempts.map(({ data }) => data)).toEqual([{ order: 1 }]);
});

test('whileDisabled: queue keeps new events too', async () => {
  const { outbound, clock, http } = setUp();
  await outbound.addHttpRecipient({ ...crm, enabled: false, whileDisabled: 'queue' });
  void outbound.start();
  await outbound.emit('order.paid', { order: 1 });
  await clock.advance('1h');
  expect(http.attempts).toEqual([]);

  await outbound.updateRecipient('crm', { enabled: true });
  await clock.advance(0);
  expect(http.attempts).toHaveLength(1);
});

test('removing a recipient refuses to lose a backlog unless told so, and then reports each delivery', async () => {
  const { outbound, clock, http, heard } = setUp();
  await outbound.addHttpRecipient(crm);
  http.answerWith('crm', () => failed(500));
  void outbound.start();
  for (let order = 0; order < 3; order += 1) await outbound.emit('order.paid', { order });
  await clock.advance(0);
  await expect(outbound.removeRecipient('crm')).rejects.toMatchObject({
    code: 'ERR_RECIPIENT_BACKLOG',
    message: expect.stringContaining('3 deliveries wait'),
  });

  await outbound.removeRecipient('crm', { backlog: 'drop' });

  expect(heard('dropped').map(({ sequence, reason, error }) => [sequence, reason, error])).toEqual([
    [1, 'removed', null],
    [2, 'removed', null],
    [3, 'removed', null],
  ]);
  expect(await outbound.listRecipients()).toEqual([]);
  await clock.advance('1h');
  expect(http.attempts).toHaveLength(1);
  expect(await outbound.emit('order.paid', { order: 4 })).toMatchObject({ deliveries: [] });
  await expect(outbound.removeRecipient('crm')).rejects.toMatchObject({ code: 'ERR_RECIPIENT_UNKNOWN' });
});

test('a recipient with nothing waiting is removed without asking, before start too', async () => {
  const { outbound } = setUp();
  await outbound.addHttpRecipient(crm);
  await outbound.removeRecipient('crm');
  expect(await outbound.listRecipients()).toEqual([]);
});

test('the attempt under way at a removal ends first, and its delivery is not dropped when it succeeds', async () => {
  const { outbound, clock, http, heard } = setUp();
  await outbound.addHttpRecipient(crm);
  const release = http.hold('crm');
  void outbound.start();
  await outbound.emit('order.paid', { order: 1 });
  await outbound.emit('order.paid', { order: 2 });
  await clock.advance(0);
  const removed = outbound.removeRecipient('crm', { backlog: 'drop' });
  await clock.advance(0);
  release();
  await removed;

  expect(heard('delivered').map(({ sequence }) => sequence)).toEqual([1]);
  expect(heard('dropped').map(({ sequence }) => sequence)).toEqual([2]);
});

test('names are unique', async () => {
  const { outbound } = setUp();
  await outbound.addHttpRecipient(crm);
  await expect(outbound.addHttpRecipient({ ...crm, id: 'other', name: 'crm' })).rejects.toMatchObject({
    code: 'ERR_RECIPIENT_NAME_TAKEN',
    field: 'name',
  });
});

test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
  'the id %s is an id like any other',
  async (id) => {
    const { outbound, clock, http } = setUp();
    await outbound.addHttpRecipient({ ...crm, id });
    void outbound.start();
    await outbound.emit('order.paid', { order: 1 });
    await clock.advance(0);
    expect(http.attempts).toMatchObject([{ recipientId: id }]);
    await outbound.removeRecipient(id);
    expect(await outbound.listRecipients()).toEqual([]);
  },
);

test('what a transport refuses is not stored', async () => {
  const { outbound, http } = setUp();
  http.refuse('crm', new OutboundEventsError('ERR_CONFIG_CA', 'ca must be a certificate', { field: 'ca' }));
  await expect(outbound.addHttpRecipient(crm)).rejects.toMatchObject({ code: 'ERR_CONFIG_CA', field: 'ca' });
  expect(await outbound.listRecipients()).toEqual([]);
});

test('email recipients without a relay are refused', async () => {
  const { outbound } = setUp({ transports: {} });
  await expect(outbound.addEmailRecipient(managers)).rejects.toMatchObject({
    code: 'ERR_TRANSPORT_MISSING',
    field: 'smtp',
  });
});

test('a stored recipient this version cannot use is reported, keeps its queue, and disturbs no other', async () => {
  const storage = new MemoryStorage();
  const first = setUp({ storage });
  await first.outbound.addHttpRecipient(crm);
  await first.outbound.addHttpRecipient({ ...crm, id: 'erp', name: 'ERP' });
  await first.outbound.emit('order.paid', { order: 1 });
  await storage.saveRecipient({
    id: 'crm',
    settings: '{"kind":"http","id":"crm","name":"CRM","url":"gopher://x","events":["*"]}',
  });
  await first.outbound.stop();

  const { outbound, clock, http, heard } = setUp({ storage });
  void outbound.start();
  await clock.advance(0);
  expect(http.attempts.map(({ recipientId }) => recipientId)).toEqual(['erp']);
  expect(heard('error')).toMatchObject([{ code: 'ERR_CONFIG_URL', message: expect.stringContaining('"crm"') }]);

  await outbound.addHttpRecipient(crm);
  await clock.advance(0);
  expect(http.attemptsAt('crm')).toHaveLength(1);
});

test('status tells how each recipient is', async () => {
  const { outbound, clock, http } = setUp();
  await outbound.addHttpRecipient({ ...crm, retry: { interval: '1m', duration: '1d' } });
  await outbound.addEmailRecipient(managers);
  http.answer('crm', failed(204, 'answered 204; only 200 counts'));
  void outbound.start();
  const begun = clock.now();
  await outbound.emit('order.paid', { order: 1 });
  await clock.advance('10s');

  expect(await outbound.status()).toEqual({
    relay: { status: 'OK', since: begun },
    recipients: [
      {
        id: 'crm',
        name: 'CRM',
        kind: 'http',
        enabled: true,
        state: 'failing',
        queued: 1,
        oldestAt: begun,
        nextAttemptAt: begun + minute,
        dropsAt: begun + 24 * hour,
        lastError: { code: 'HTTP_STATUS', message: 'answered 204; only 200 counts' },
        failingSince: begun,
        certificateExpiresAt: null,
      },
      {
        id: 'managers',
        name: 'Managers',
        kind: 'email',
        enabled: true,
        state: 'ok',
        queued: 0,
        oldestAt: null,
        nextAttemptAt: null,
        dropsAt: null,
        lastError: null,
        failingSince: null,
        certificateExpiresAt: null,
      },
    ],
  });
});

test('status before start tells what waits, also without a relay', async () => {
  const { outbound } = setUp({ transports: {} });
  await outbound.addHttpRecipient(crm);
  await outbound.emit('order.paid', { order: 1 });
  expect(await outbound.status()).toMatchObject({
    relay: { status: 'no relay is configured', since: null },
    recipients: [{ state: 'ok', queued: 1 }],
  });
});

test('the catalog and its macros can be read', () => {
  const { outbound } = setUp();
  expect(outbound.eventTypes()[0]).toEqual({
    type: 'order.paid',
    label: 'order.paid',
    description: '',
    channels: ['http', 'email'],
    version: '1',
    macros: [
      { name: 'order', meaning: 'Number of the order' },
      { name: 'event', meaning: expect.any(String) },
      { name: 'version', meaning: expect.any(String) },
      { name: 'timestamp', meaning: expect.any(String) },
      { name: 'recipient', meaning: expect.any(String) },
    ],
  });
});

test('a removal that is not told to drop loses no event that is emitted meanwhile', async () => {
  const { outbound, clock, http } = setUp();
  await outbound.addHttpRecipient(crm);
  await outbound.start();
  const emitted = outbound.emit('order.paid', { order: 1 });
  await outbound.removeRecipient('crm').catch(() => {});
  const { deliveries } = await emitted;
  await clock.advance(0);

  expect(http.attempts).toHaveLength(deliveries.length);
});

test('a removal that is refused leaves the recipient as it was: it goes on being worked on', async () => {
  const { outbound, clock, http } = setUp();
  await outbound.addHttpRecipient(crm);
  http.answer('crm', failed(500));
  await outbound.start();
  await outbound.emit('order.paid', { order: 1 });
  await clock.advance(0);
  await expect(outbound.removeRecipient('crm')).rejects.toMatchObject({ code: 'ERR_RECIPIENT_BACKLOG' });
  await clock.advance('1m');

  expect(http.attempts).toHaveLength(2);
});

test('two names that would make one id are told apart or refused, never mixed up', async () => {
  const { outbound } = setUp();
  await outbound.addHttpRecipient({ name: 'CRM', url: 'https://a.example/', events: '*' });
  await expect(
    outbound.addHttpRecipient({ name: 'CRM!', url: 'https://b.example/', events: '*' }),
  ).rejects.toMatchObject({
    code: 'ERR_CONFIG_ID',
    field: 'id',
  });
  expect(await outbound.listRecipients()).toMatchObject([{ url: 'https://a.example/' }]);
  await outbound.addHttpRecipient({ id: 'crm', name: 'CRM, renamed', url: 'https://a.example/', events: '*' });
  expect(await outbound.listRecipients()).toMatchObject([{ name: 'CRM, renamed' }]);
});

test('a stored recipient goes on with the event types the catalog still has', async () => {
  const storage = new MemoryStorage();
  const first = setUp({ storage });
  await first.outbound.addHttpRecipient({ ...crm, events: ['order.sent', 'order.paid'] });
  await first.outbound.addEmailRecipient({ ...managers, events: { 'order.sent': true, 'order.paid': true } });
  await first.outbound.stop();

  const { 'order.sent': _gone, ...events } = catalog;
  const { outbound, heard } = setUp({ storage, events: events as never });
  expect(await outbound.emit('order.paid', { order: 1 })).toMatchObject({
    deliveries: [{ recipientId: 'crm' }, { recipientId: 'managers' }],
  });
  expect(heard('error')).toEqual([]);
});

test('a stored recipient that cannot be used can be removed', async () => {
  const storage = new MemoryStorage();
  const first = setUp({ storage });
  await first.outbound.addHttpRecipient(crm);
  await first.outbound.emit('order.paid', { order: 1 });
  await storage.saveRecipient({
    id: 'crm',
    settings: '{"kind":"http","id":"crm","name":"CRM","url":"gopher://x","events":["*"]}',
  });
  await first.outbound.stop();

  const { outbound, heard } = setUp({ storage });
  await expect(outbound.removeRecipient('crm')).rejects.toMatchObject({ code: 'ERR_RECIPIENT_BACKLOG' });
  await outbound.removeRecipient('crm', { backlog: 'drop' });
  expect(heard('dropped')).toHaveLength(1);
  expect(await storage.listRecipients()).toEqual([]);
});

test('a stored recipient whose relay is gone is reported, and says why it fails', async () => {
  const storage = new MemoryStorage();
  const first = setUp({ storage });
  await first.outbound.addEmailRecipient(managers);
  await first.outbound.emit('order.paid', { order: 1 });
  await first.outbound.stop();

  const { outbound, clock, heard } = setUp({ storage, transports: {} });
  await outbound.start();
  await clock.advance(0);
  expect(heard('error')).toMatchObject([{ code: 'ERR_TRANSPORT_MISSING' }]);
  expect((await outbound.status()).recipients[0]?.lastError?.message).toBe('email needs a relay: set smtp');
});

test('a storage named by a connection string is refused without showing it', () => {
  expect(() => setUp({ storage: 'postgres://user:canary@host/db' })).toThrow(
    expect.objectContaining({
      code: 'ERR_CONFIG_VALUE',
      field: 'storage',
      message: expect.not.stringContaining('canary'),
    }),
  );
});

test('an id is not given to a recipient of the other kind: what waits could not be sent', async () => {
  const { outbound } = setUp();
  await outbound.addHttpRecipient({ ...crm, id: 'managers', name: 'managers' });
  await expect(outbound.addEmailRecipient({ ...managers, id: 'managers' })).rejects.toMatchObject({
    code: 'ERR_CONFIG_ID',
  });
  expect(await outbound.listRecipients()).toMatchObject([{ kind: 'http' }]);
});

test('credentials in the URL and an authorization header are refused together, as only one could be sent', async () => {
  const { outbound } = setUp();
  const both = { ...crm, url: 'https://user:canary@crm.example.com/', headers: { Authorization: 'Bearer canary' } };
  await expect(outbound.addHttpRecipient(both)).rejects.toMatchObject({
    code: 'ERR_CONFIG_HEADER',
    message: expect.not.stringContaining('canary'),
  });
});

test('a redirect cannot be made a success', async () => {
  const { outbound } = setUp();
  await expect(outbound.addHttpRecipient({ ...crm, success: [200, 302] })).rejects.toMatchObject({
    code: 'ERR_CONFIG_VALUE',
    field: 'success',
  });
});
