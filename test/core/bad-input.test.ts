import { describe, expect, it, onTestFinished } from 'vitest';
import { defineEvents, event, OutboundEvents } from '../../src/index.ts';
import { ScriptedTransport } from '../../src/testing.ts';
import { Authority } from '../support/certificates.ts';
import { refusal, rejection, secret } from './refusal.ts';

const catalog = defineEvents({
  paid: event<object>({ variables: { order: 'Number of the order' } }),
  sent: event({ channels: ['http'] }),
});
const authority = new Authority('root');
const cert = authority.pem;
const client = authority.issue();
const { key } = client;
const expired = new Authority('old', { notAfter: '2021-01-01T00:00:00Z' }).pem;

/** A host with the real transports, two recipients, and one event that was accepted with the id e-1. Nothing is sent. */
async function host() {
  const smtp = { host: 'mail.example.com', auth: { user: secret, pass: secret }, from: 'a@example.com' };
  const outbound = new OutboundEvents({ events: catalog, storage: ':memory:', smtp, maxEventBytes: 1_000 });
  onTestFinished(() => outbound.stop());
  await outbound.addHttpRecipient({ id: 'crm', name: 'CRM', url: `https://u:${secret}@crm.example/`, events: '*' });
  await outbound.addHttpRecipient({ id: 'idle', name: 'Idle', url: 'https://idle.example/', events: 'sent' });
  await outbound.emit('paid', { order: 1 }, { id: 'e-1' });
  return outbound;
}

/** What callers without types can do. */
type Untyped = { [Method in keyof Awaited<ReturnType<typeof host>>]: (...args: unknown[]) => Promise<unknown> };

/** The code, the field, what the message says is allowed, and what was done. */
type Refused = readonly [
  code: string,
  field: string | undefined,
  allowed: RegExp,
  act: (host: Untyped) => Promise<unknown>,
];

const addHttp = (settings: object) => (to: Untyped) =>
  to.addHttpRecipient({ name: 'New', url: 'https://new.example/', events: '*', ...settings });
const addEmail = (settings: object) => (to: Untyped) =>
  to.addEmailRecipient({ name: 'New', to: 'a@example.com', events: { paid: true }, ...settings });
const emit = (data: unknown, options?: unknown) => (to: Untyped) => to.emit('paid', data, options);
const withTexts = (texts: unknown) => addEmail({ events: { paid: texts } });

const rows: Readonly<Record<string, readonly Refused[]>> = {
  'F82: a URL': [
    ['ERR_CONFIG_URL', 'url', /an absolute http or https URL/, addHttp({ url: '' })],
    ['ERR_CONFIG_URL', 'url', /http or https URL.*got "ftp:\/\/"/, addHttp({ url: `ftp://u:${secret}@new.example/` })],
    ['ERR_CONFIG_URL', 'url', /without spaces/, addHttp({ url: `https://new.example/${secret} x` })],
    ['ERR_CONFIG_URL', 'url', /without a fragment/, addHttp({ url: `https://new.example/${secret}#x` })],
    ['ERR_CONFIG_URL', 'url', /a port from 1 to 65535/, addHttp({ url: 'https://new.example:65536/' })],
    ['ERR_CONFIG_URL', 'url', /at most 2048 characters/, addHttp({ url: `https://new.example/${secret.repeat(400)}` })],
    ['ERR_CONFIG_URL', 'url', /an absolute http/, (to) => to.updateRecipient('crm', { url: `//${secret}` })],
  ],
  'F83: a duration': [
    ['ERR_CONFIG_DURATION', 'timeout', /from 100 ms to 365 days/, addHttp({ timeout: 0 })],
    ['ERR_CONFIG_DURATION', 'retry.interval', /text like "30s"/, addHttp({ retry: { interval: Number.NaN } })],
    ['ERR_CONFIG_DURATION', 'retry.duration', /text like "30s"/, addHttp({ retry: { duration: '3 fortnights' } })],
    ['ERR_CONFIG_DURATION', 'retry.duration', /at least retry/, addHttp({ retry: { interval: '2d', duration: '1d' } })],
    ['ERR_CONFIG_DURATION', 'alerts.after', /from 0 ms/, addEmail({ alerts: { to: 'a@example.com', after: -1 } })],
    [
      'ERR_CONFIG_DURATION',
      'alerts.resendEvery',
      /365 d/,
      addEmail({ alerts: { to: 'a@example.com', resendEvery: 1n } }),
    ],
  ],
  'F84: a CA': [
    ['ERR_CONFIG_CA', 'ca', /PEM text/, addHttp({ ca: '' })],
    ['ERR_CONFIG_CA', 'ca', /certificates as PEM text/, addHttp({ ca: `/etc/${secret}.pem` })],
    ['ERR_CONFIG_CA', 'ca', /a private key.*certificates as PEM text/, addHttp({ ca: key })],
    ['ERR_CONFIG_CA', 'ca', /a private key/, addHttp({ ca: [cert, `${cert}${key}`] })],
    ['ERR_CONFIG_CA', 'ca', /certificate 2 of 2/, addHttp({ ca: [cert, cert.replace(/^M.{40}/m, secret)] })],
    ['ERR_CONFIG_CA', 'ca', /at most 1000000 characters/, addHttp({ ca: cert.repeat(5_000) })],
    ['ERR_CONFIG_CA', 'ca', /PEM text/, addHttp({ ca: Buffer.from(cert) })],
    ['ERR_CONFIG_CA', 'ca', /not the certificate of an authority.*CN=server/, addHttp({ ca: client.cert })],
    ['ERR_CONFIG_CA', 'ca', /only certificates that have expired/, addHttp({ ca: expired })],
    ['ERR_CONFIG_CA', 'ca', /only certificates that have exp/, (to) => to.updateRecipient('crm', { ca: expired })],
  ],
  'F84: a client certificate': [
    ['ERR_CONFIG_CERT', 'tls.key', /go together/, addHttp({ tls: { cert } })],
    ['ERR_CONFIG_CERT', 'tls.cert', /a private key; give the certificate/, addHttp({ tls: { cert: key, key } })],
    ['ERR_CONFIG_CERT', 'tls.key', /is not the key of tls.cert/, addHttp({ tls: { cert, key } })],
    ['ERR_CONFIG_CERT', 'tls.key', /PEM text/, addHttp({ tls: { cert: client.cert, key: secret } })],
  ],
  'S18: verification that would be switched off': [
    ...[
      'rejectUnauthorized',
      'insecure',
      'insecureSkipVerify',
      'strictSSL',
      'verify',
      'checkServerIdentity',
      'allowPartialTrustChain',
      'agent',
      'secureContext',
      'ciphers',
      'maxVersion',
    ].flatMap((name): Refused[] => [
      ['ERR_CONFIG_UNKNOWN_OPTION', name, /is not an option/, addHttp({ [name]: false })],
      ['ERR_CONFIG_UNKNOWN_OPTION', `tls.${name}`, /is not an option/, addHttp({ tls: { [name]: false } })],
      [
        'ERR_CONFIG_UNKNOWN_OPTION',
        `tls.${name}`,
        /is not an option/,
        (to) => to.updateRecipient('crm', { tls: { [name]: false } }),
      ],
    ]),
  ],
  'F85: a list of email addresses': [
    ['ERR_CONFIG_EMAIL', 'to', /1 to 10 addresses/, addEmail({ to: [] })],
    ['ERR_CONFIG_EMAIL', 'to', /1 to 10/, addEmail({ to: Array.from({ length: 11 }, (_, n) => `a${n}@example.com`) })],
    ['ERR_CONFIG_EMAIL', 'to[2]', /there only once/, addEmail({ to: 'a@example.com, A@EXAMPLE.com, a@Example.com' })],
    ['ERR_CONFIG_EMAIL', 'to[0]', /a plain address/, addEmail({ to: ['a@example.com,b@example.com'] })],
    ['ERR_CONFIG_EMAIL', 'to[0]', /a plain address/, addEmail({ to: '"a b"@example.com' })],
    ['ERR_CONFIG_EMAIL', 'to[0]', /a plain address/, addEmail({ to: 'a@example.com\r\nBcc: b@example.com' })],
    ['ERR_CONFIG_EMAIL', 'alerts.to[0]', /a plain address/, addHttp({ alerts: { to: 'a@[127.0.0.1]' } })],
  ],
  'F86: the data of an event': [
    ['ERR_EVENT_NOT_JSON', 'data.order', /leave it out or use null/, emit({ order: undefined })],
    ['ERR_EVENT_NOT_JSON', 'data.items[2].n', /is a BigInt; use a string/, emit({ items: [0, 0, { n: 5n }] })],
    ['ERR_EVENT_NOT_JSON', 'data.at', /is an invalid Date/, emit({ at: new Date(Number.NaN) })],
    ['ERR_EVENT_NOT_JSON', 'data.map', /use a plain one/, emit({ map: new Map([[secret, secret]]) })],
    ['ERR_EVENT_NOT_JSON', 'data.__proto__', /cannot safely/, emit(JSON.parse(`{"__proto__":{"a":"${secret}"}}`))],
    ['ERR_EVENT_NOT_JSON', 'data', /an object of variables/, emit([secret])],
    ['ERR_EVENT_TOO_LARGE', 'data', /at most 1000 are allowed/, emit({ order: secret.repeat(200) })],
    ['ERR_EVENT_INVALID', 'data.timestamp', /every message carries its own/, emit({ timestamp: 5 })],
    ['ERR_EVENT_UNKNOWN', 'type', /one of paid, sent; got "payed"/, (to) => to.emit('payed', {})],
  ],
  'F87: the id of an event': [
    ['ERR_EVENT_ID', 'options.id', /1 to 64 characters/, emit({}, { id: '' })],
    ['ERR_EVENT_ID', 'options.id', /1 to 64 characters/, emit({}, { id: 'x'.repeat(10_000) })],
    ['ERR_EVENT_ID', 'options.id', /A-Z a-z 0-9 _ -/, emit({}, { id: 'a\r\nb' })],
    ['ERR_EVENT_ID', 'options.id', /A-Z a-z 0-9 _ -/, emit({}, { id: 'a.b' })],
    ['ERR_EVENT_ID_REUSED', 'options.id', /an id is for one event/, emit({ order: secret }, { id: 'e-1' })],
    ['ERR_EVENT_ID_REUSED', 'options.id', /an id is for one/, (to) => to.emit('sent', { order: 1 }, { id: 'e-1' })],
  ],
  'F88: a recipient that is not there, or has deliveries waiting': [
    ['ERR_RECIPIENT_UNKNOWN', 'id', /id of a recipient; got "nobody"/, (to) => to.updateRecipient('nobody', {})],
    ['ERR_RECIPIENT_UNKNOWN', 'id', /the id of a recipient/, (to) => to.updateRecipient(undefined, {})],
    ['ERR_RECIPIENT_UNKNOWN', 'id', /the id of a recipient/, (to) => to.updateRecipient(5n, {})],
    ['ERR_RECIPIENT_UNKNOWN', 'id', /the id of a recipient/, (to) => to.removeRecipient('__proto__')],
    ['ERR_RECIPIENT_UNKNOWN', 'id', /the id of a recipient/, (to) => to.removeRecipient(null)],
    ['ERR_RECIPIENT_BACKLOG', 'options.backlog', /pass \{ backlog: 'drop' \}/, (to) => to.removeRecipient('crm')],
    [
      'ERR_CONFIG_VALUE',
      'options.backlog',
      /"refuse" or "drop"/,
      (to) => to.removeRecipient('crm', { backlog: 'keep' }),
    ],
    [
      'ERR_CONFIG_UNKNOWN_OPTION',
      'options.backlok',
      /mean "backlog"/,
      (to) => to.removeRecipient('crm', { backlok: 'drop' }),
    ],
    ['ERR_CONFIG_VALUE', 'options', /a plain object/, (to) => to.removeRecipient('crm', null)],
  ],
  'F89: the id or name of a recipient': [
    ['ERR_CONFIG_ID', 'id', /1 to 64 characters/, addHttp({ id: '' })],
    ['ERR_CONFIG_ID', 'id', /A-Z a-z 0-9 _ \. -/, addHttp({ id: 'a/b' })],
    ['ERR_CONFIG_ID', 'id', /1 to 64 characters/, addHttp({ id: { toString: () => 'crm' } })],
    ['ERR_CONFIG_ID', 'id', /id must be given/, addHttp({ name: '部門' })],
    ['ERR_CONFIG_VALUE', 'name', /1 to 200 characters on one line/, addHttp({ name: 'a\nb' })],
    ['ERR_RECIPIENT_NAME_TAKEN', 'name', /the recipient crm has the name/, addHttp({ id: 'other', name: 'crm' })],
    ['ERR_RECIPIENT_NAME_TAKEN', 'name', /the recipient crm has/, (to) => to.updateRecipient('idle', { name: 'CRM' })],
    ['ERR_CONFIG_ID', 'id', /add another recipient/, (to) => to.updateRecipient('crm', { id: 'erp' })],
  ],
  'F90: a mail template': [
    ['ERR_TEMPLATE', 'events.paid.text', /line 3: .*not closed/, withTexts({ text: 'a\nb\n{{#if order}}' })],
    ['ERR_TEMPLATE', 'events.paid.subject', /line 1: .*ordr.*order/, withTexts({ subject: '{{ordr}}' })],
    ['ERR_TEMPLATE', 'events.paid.text', /line 1: /, withTexts({ text: '{{shout order}}' })],
    ['ERR_TEMPLATE', 'events.paid.text', /line 1: /, withTexts({ text: '{{> partial}}' })],
    ['ERR_TEMPLATE', 'events.paid.html', /text of at most 100000/, withTexts({ html: { type: 'Program', body: [] } })],
    ['ERR_TEMPLATE', 'events.paid.text', /text of at most 100000/, withTexts({ text: 'x'.repeat(1_000_000) })],
    ['ERR_TEMPLATE', 'events.paid.html', /line 1: .*quote/, withTexts({ html: '<a href={{order}}>' })],
    ['ERR_CONFIG_VALUE', 'events.paid', /true, or an object with subject, text and html/, withTexts(false)],
  ],
  'events of a recipient': [
    ['ERR_CONFIG_EVENTS', 'events[0]', /one of paid, sent.*got "order\.\*"/, addHttp({ events: 'order.*' })],
    ['ERR_CONFIG_EVENTS', 'events', /"\*" or a list of event types, of paid, sent/, addHttp({ events: [] })],
    ['ERR_CONFIG_EVENTS', 'events[1]', /one of paid, sent.*got null/, addHttp({ events: ['paid', null] })],
    ['ERR_CONFIG_EVENTS', 'events', /a plain object with at least one of paid/, addEmail({ events: '*' })],
    ['ERR_CONFIG_EVENTS', 'events', /types that can be mailed: paid; got "sent"/, addEmail({ events: { sent: true } })],
  ],
  'F92: a header': [
    ['ERR_CONFIG_HEADER', 'headers.Host', /left to the library/, addHttp({ headers: { Host: secret } })],
    [
      'ERR_CONFIG_HEADER',
      'headers["content-length"]',
      /left to the/,
      addHttp({ headers: { 'content-length': secret } }),
    ],
    ['ERR_CONFIG_HEADER', 'headers["webhook-id"]', /left to the/, addHttp({ headers: { 'webhook-id': secret } })],
    [
      'ERR_CONFIG_HEADER',
      'headers["x-key"]',
      /one line of Latin-1/,
      addHttp({ headers: { 'x-key': `${secret}\r\nx: y` } }),
    ],
    ['ERR_CONFIG_HEADER', 'headers["x-key"]', /one line of Latin-1/, addHttp({ headers: { 'x-key': `${secret}€` } })],
    [
      'ERR_CONFIG_HEADER',
      'headers',
      /at most 16384 characters/,
      addHttp({ headers: { 'x-key': secret.repeat(20_000) } }),
    ],
    ['ERR_CONFIG_HEADER', 'headers', /a plain object of names and values/, addHttp({ headers: `x-key: ${secret}` })],
  ],
  'F92: a signing secret, or a setting of what is rejected': [
    ['ERR_CONFIG_SECRET', 'signingSecrets', /"whsec_…"/, addHttp({ signingSecrets: secret })],
    ['ERR_CONFIG_SECRET', 'signingSecrets[0]', /"whsec_…"/, addHttp({ signingSecrets: [`whsec_${secret}`] })],
    ['ERR_CONFIG_VALUE', 'onRejected', /"block" or "skip"/, addHttp({ onRejected: 'ignore' })],
    ['ERR_CONFIG_VALUE', 'rejection.statuses', /from 400 to 599/, addHttp({ rejection: { statuses: [200] } })],
    ['ERR_CONFIG_DURATION', 'maxRetryAfter', /from 0 ms to 365 days/, addHttp({ maxRetryAfter: 'soon' })],
  ],
  'F93: a misspelt setting': [
    ['ERR_CONFIG_UNKNOWN_OPTION', 'header', /did you mean "headers"\?/, addHttp({ header: {} })],
    ['ERR_CONFIG_UNKNOWN_OPTION', 'retry.Interval', /did you mean "interval"\?/, addHttp({ retry: { Interval: 5 } })],
    ['ERR_CONFIG_UNKNOWN_OPTION', 'tos', /did you mean "to"\?/, addEmail({ tos: secret })],
    ['ERR_CONFIG_UNKNOWN_OPTION', 'events.paid.body', /known are subject, text, html/, withTexts({ body: secret })],
    ['ERR_CONFIG_UNKNOWN_OPTION', 'enable', /mean "enabled"\?/, (to) => to.updateRecipient('crm', { enable: false })],
    ['ERR_CONFIG_UNKNOWN_OPTION', 'options.ocuredAt', /did you mean "occurredAt"\?/, emit({}, { ocuredAt: 5 })],
    [
      'ERR_CONFIG_UNKNOWN_OPTION',
      'query.recipientID',
      /"recipientId"\?/,
      (to) => to.listDropped({ recipientID: 'crm' }),
    ],
  ],
  'options of a call': [
    ['ERR_CONFIG_VALUE', 'options', /a plain object; got null/, emit({}, null)],
    ['ERR_CONFIG_VALUE', 'options.occurredAt', /a valid Date, or epoch/, emit({}, { occurredAt: '2026-01-01' })],
    [
      'ERR_TRANSACTION_UNSUPPORTED',
      undefined,
      /use a storage in the database of that transaction/,
      emit({}, { transaction: {} }),
    ],
    ['ERR_CONFIG_VALUE', 'query.limit', /a whole number from 1 to 1000000/, (to) => to.listDropped({ limit: 0 })],
    ['ERR_CONFIG_VALUE', 'query.limit', /a whole number from 1 to 1000000/, (to) => to.listDropped({ limit: '5' })],
    ['ERR_CONFIG_VALUE', 'query', /a plain object; got null/, (to) => to.listDropped(null)],
  ],
};

describe.each(Object.entries(rows))('%s', (_row, cases) => {
  it.each(cases)('is refused, and nothing is stored: %s, %s, %s', async (code, field, allowed, act) => {
    const outbound = await host();
    const before = await stored(outbound);
    const error = await rejection(async () => act(outbound as unknown as Untyped));
    expect({ code: error.code, field: error.field }).toEqual({ code, field });
    expect(error.message).toMatch(allowed);
    expect(await stored(outbound)).toEqual(before);
  });
});

async function stored(outbound: Awaited<ReturnType<typeof host>>): Promise<unknown> {
  const { recipients } = await outbound.status();
  return [await outbound.listRecipients(), recipients.map(({ queued }) => queued)];
}

describe('a listener', () => {
  it.each<[unknown, unknown, string, RegExp]>([
    ['deliverd', () => {}, 'name', /name must be "delivered" or "retrying" or .*; got "deliverd"/],
    ['recipient:failed', () => {}, 'name', /"recipient:failing"/],
    [undefined, () => {}, 'name', /"delivered"/],
    ['__proto__', () => {}, 'name', /"delivered"/],
    ['delivered', undefined, 'listener', /listener must be a function$/],
    ['delivered', {}, 'listener', /listener must be a function; got an object/],
  ])('of %o that is %o is refused', async (name, listener, field, allowed) => {
    const outbound = await host();
    for (const method of ['on', 'once', 'off'] as const) {
      const error = refusal(() => outbound[method](name as never, listener as never));
      expect({ code: error.code, field: error.field }).toEqual({ code: 'ERR_CONFIG_VALUE', field });
      expect(error.message).toMatch(allowed);
    }
  });
});

describe('what was given', () => {
  it('to make it cannot be changed afterwards', async () => {
    const given = { events: { paid: event() }, storage: ':memory:', backlog: { deliveries: 5 }, maxEventBytes: 1_000 };
    const outbound = new OutboundEvents(given);
    onTestFinished(() => outbound.stop());
    Object.assign(given.events, { late: event() });
    Object.assign(given, { backlog: { deliveries: 1 }, maxEventBytes: 5_000 });
    expect(outbound.eventTypes().map(({ type }) => type)).toEqual(['paid']);
    const large = await rejection(() => outbound.emit('paid', { text: 'x'.repeat(2_000) }));
    expect(large.message).toContain('at most 1000 are allowed');
  });

  it('for a recipient cannot be changed afterwards, nor what came back', async () => {
    const outbound = await host();
    const given = { name: 'New', url: 'https://new.example/', events: ['paid'], headers: { a: 'b' } };
    const recipient = await outbound.addHttpRecipient(given as never);
    given.url = 'https://other.example/';
    given.events.push('sent');
    given.headers.a = 'c';
    expect(() => Object.assign(recipient, { url: given.url })).toThrow(TypeError);
    expect((await outbound.listRecipients()).at(-1)).toMatchObject({
      url: 'https://new.example/',
      events: ['paid'],
      headers: { a: 'b' },
    });
  });

  it('with an event can be changed as soon as emit was called', async () => {
    const http = new ScriptedTransport();
    const outbound = new OutboundEvents({ events: catalog, storage: ':memory:', transports: { http } });
    onTestFinished(() => outbound.stop());
    await outbound.addHttpRecipient({ name: 'New', url: 'https://new.example/', events: '*' });
    const data = { order: 1 };
    const emitted = outbound.emit('paid', data);
    data.order = 2;
    await emitted;
    const delivered = new Promise((resolve) => outbound.once('delivered', resolve));
    await outbound.start();
    await delivered;
    expect(http.attempts[0]?.data).toEqual({ order: 1 });
  });
});
