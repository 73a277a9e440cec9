import { describe, expect, it } from 'vitest';
import { parseEmailRecipient, parseHttpRecipient } from '../../src/core/parse-recipient.ts';
import { supportSessionEvents } from '../../src/core/support-session.ts';
import { catalog, email, fullEmail, fullHttp, http } from './recipients.ts';
import { refusal, secret } from './refusal.ts';

const minute = 60_000;
const day = 24 * 60 * minute;

describe('an HTTP recipient', () => {
  it('needs a name, a URL and events; the rest has a default', () => {
    expect(http()).toEqual({
      kind: 'http',
      id: 'crm',
      name: 'CRM',
      enabled: true,
      whileDisabled: 'skip',
      retry: { interval: minute, duration: 3 * day },
      alerts: null,
      url: 'https://crm.example.com/hook',
      events: ['*'],
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
  });

  it('is kept as it is given', () => {
    expect(parseHttpRecipient(fullHttp, catalog)).toEqual({
      ...fullHttp,
      ca: fullHttp.ca.join('\n'),
      headers: { 'x-token': `Bearer ${secret}`, 'x-key': secret },
      timeout: 5_000,
      maxRetryAfter: 2 * 60 * minute,
      retry: { interval: 2 * minute, duration: day },
      alerts: { ...fullHttp.alerts, after: 0, resendEvery: 60 * minute },
    });
  });

  it.each<[object, string, string, string]>([
    [{ url: undefined }, 'ERR_CONFIG_URL', 'url', 'an absolute http or https URL'],
    [{ events: undefined }, 'ERR_CONFIG_EVENTS', 'events', '"*" or a list of event types, of paid, sent'],
    [{ events: ['paid', 'lost'] }, 'ERR_CONFIG_EVENTS', 'events[1]', 'one of paid, sent, a beginning of them'],
    [{ format: 'xml' }, 'ERR_CONFIG_VALUE', 'format', '"form" or "json" or "cloudevents"'],
    [{ tls: { certt: 'x' } }, 'ERR_CONFIG_UNKNOWN_OPTION', 'tls.certt', 'did you mean "cert"?'],
    [{ signingSecrets: ['x'] }, 'ERR_CONFIG_SECRET', 'signingSecrets[0]', 'text like "whsec_…"'],
    [{ maxRetryAfter: -1 }, 'ERR_CONFIG_DURATION', 'maxRetryAfter', 'from 0 ms to 365 days'],
    [{ onRejected: 'drop' }, 'ERR_CONFIG_VALUE', 'onRejected', '"block" or "skip"; got "drop"'],
    [{ rejection: { attempts: 0 } }, 'ERR_CONFIG_VALUE', 'rejection.attempts', 'a whole number from 1 to 1000000'],
    [{ headers: { host: 'x' } }, 'ERR_CONFIG_HEADER', 'headers.host', 'left to the library'],
    [{ timeout: 99 }, 'ERR_CONFIG_DURATION', 'timeout', 'from 100 ms to 365 days'],
    [{ success: [] }, 'ERR_CONFIG_VALUE', 'success', '"2xx" or a list of HTTP statuses'],
    [{ kind: 'email' }, 'ERR_CONFIG_VALUE', 'kind', '"http"; got "email"'],
    [{ to: 'a@example.com' }, 'ERR_CONFIG_UNKNOWN_OPTION', 'to', 'known are kind, id, name'],
    [{ URL: 'https://x.example' }, 'ERR_CONFIG_UNKNOWN_OPTION', 'URL', 'did you mean "url"?'],
    [{ retryIntervall: 5 }, 'ERR_CONFIG_UNKNOWN_OPTION', 'retryIntervall', 'known are kind, id, name'],
    [{ retry: { intervall: 5 } }, 'ERR_CONFIG_UNKNOWN_OPTION', 'retry.intervall', 'did you mean "interval"?'],
    [{ alerts: { too: 'x' } }, 'ERR_CONFIG_UNKNOWN_OPTION', 'alerts.too', 'did you mean "to"?'],
    [{ whileDisable: 'skip' }, 'ERR_CONFIG_UNKNOWN_OPTION', 'whileDisable', 'did you mean "whileDisabled"?'],
  ])('is refused with %j', (changes, code, field, message) => {
    const error = refusal(() => http(changes));
    expect({ code: error.code, field: error.field }).toEqual({ code, field });
    expect(error.message).toContain(message);
  });

  it.each<[unknown]>([
    [undefined],
    [null],
    [5],
    [`https://user:${secret}@host`],
    [[{ name: 'CRM' }]],
    [new Map([['name', 'CRM']])],
  ])('is refused as %o', (input) => {
    for (const parse of [parseHttpRecipient, parseEmailRecipient]) {
      expect(refusal(() => parse(input, catalog))).toMatchObject({ code: 'ERR_CONFIG_VALUE', field: 'settings' });
    }
  });
});

describe('the credentials of an HTTP recipient', () => {
  const headers = { Authorization: `Bearer ${secret}` };

  it('may stand in the URL or in a header', () => {
    expect(http({ headers }).headers).toEqual({ authorization: `Bearer ${secret}` });
    expect(http({ url: `https://u:${secret}@x.example/`, headers: { accept: 'a' } }).url).toContain('u:');
  });

  it.each([`u:${secret}`, secret, `:${secret}`])('may not stand in both: %s@', (credentials) => {
    const { code, field, message } = refusal(() => http({ url: `https://${credentials}@x.example/`, headers }));
    expect({ code, field }).toEqual({ code: 'ERR_CONFIG_HEADER', field: 'headers.authorization' });
    expect(message).toBe('headers.authorization must be left out, as the URL holds credentials');
  });
});

describe('the CA of an HTTP recipient', () => {
  it.each<[unknown, string | null]>([
    [undefined, null],
    [null, null],
    ['pem', 'pem'],
    [['one', 'two\n'], 'one\ntwo\n'],
    ['x'.repeat(1_000_000), 'x'.repeat(1_000_000)],
  ])('may be %o', (ca, expected) => {
    expect(http({ ca }).ca).toBe(expected);
  });

  it.each<[string, unknown]>([
    ['empty text', ''],
    ['blank text', ' \n'],
    ['an empty list', []],
    ['a list with empty text', [secret, '']],
    ['a list with a hole', Object.assign([secret], { 2: secret })],
    ['a buffer', Buffer.from(secret)],
    ['a list of buffers', [Buffer.from(secret)]],
    ['a list of symbols', [Symbol(secret)]],
    ['a list of objects without a prototype', [Object.create(null)]],
    ['a list of lists', [[secret]]],
    ['a number', 5],
    ['true', true],
    ['5 MB', `${secret}${'x'.repeat(5_000_000)}`],
    ['5 MB in parts', Array(5).fill('x'.repeat(1_000_000))],
  ])('may not be %s', (_name, ca) => {
    const { code, field, message } = refusal(() => http({ ca }));
    expect({ code, field }).toEqual({ code: 'ERR_CONFIG_CA', field: 'ca' });
    expect(message).toBe('ca must be PEM text, or a list of PEM texts, of at most 1000000 characters together');
  });
});

describe('an email recipient', () => {
  it('needs a name, addresses and events; the rest has a default', () => {
    expect(email()).toEqual({
      kind: 'email',
      id: 'managers',
      name: 'Managers',
      enabled: true,
      whileDisabled: 'skip',
      retry: { interval: 5 * minute, duration: 3 * day },
      alerts: null,
      to: ['a@example.com'],
      events: { paid: true },
    });
  });

  it('is kept as it is given', () => {
    expect(parseEmailRecipient(fullEmail, catalog)).toEqual(fullEmail);
  });

  it('may leave out texts, and types by undefined', () => {
    const events = { paid: { subject: undefined, text: '' }, lost: undefined };
    expect(email({ events }).events).toEqual({ paid: { subject: undefined, text: '' } });
    expect(email({ events: { paid: {} } }).events).toEqual({ paid: {} });
    expect(email({ events: { paid: { text: 'x'.repeat(100_000) } } }).events).toBeDefined();
  });

  const some = 'events must be a plain object with at least one of paid, lost';

  it.each<[object, string, string, string]>([
    [{ to: undefined }, 'ERR_CONFIG_EMAIL', 'to', '1 to 10 addresses'],
    [{ to: ['a@example.com', 'b'] }, 'ERR_CONFIG_EMAIL', 'to[1]', 'a plain address'],
    [{ events: undefined }, 'ERR_CONFIG_EVENTS', 'events', some],
    [{ events: null }, 'ERR_CONFIG_EVENTS', 'events', some],
    [{ events: '*' }, 'ERR_CONFIG_EVENTS', 'events', some],
    [{ events: ['paid'] }, 'ERR_CONFIG_EVENTS', 'events', some],
    [{ events: new Map([['paid', true]]) }, 'ERR_CONFIG_EVENTS', 'events', some],
    [{ events: {} }, 'ERR_CONFIG_EVENTS', 'events', some],
    [{ events: { paid: undefined } }, 'ERR_CONFIG_EVENTS', 'events', some],
    [{ events: { sent: true } }, 'ERR_CONFIG_EVENTS', 'events', 'of types that can be mailed: paid, lost; got "sent"'],
    [{ events: { toString: true } }, 'ERR_CONFIG_EVENTS', 'events', 'of types that can be mailed: paid, lost'],
    [{ events: { paid: false } }, 'ERR_CONFIG_VALUE', 'events.paid', 'true, or an object with subject, text and html'],
    [
      { events: { paid: 'Hello' } },
      'ERR_CONFIG_VALUE',
      'events.paid',
      'true, or an object with subject, text and html',
    ],
    [{ events: { paid: null } }, 'ERR_CONFIG_VALUE', 'events.paid', 'true, or an object with subject, text and html'],
    [
      { events: { paid: { body: 'x' } } },
      'ERR_CONFIG_UNKNOWN_OPTION',
      'events.paid.body',
      'known are subject, text, html',
    ],
    [{ events: { paid: { text: 5 } } }, 'ERR_TEMPLATE', 'events.paid.text', 'text of at most 100000 characters'],
    [
      { events: { paid: { subject: null } } },
      'ERR_TEMPLATE',
      'events.paid.subject',
      'text of at most 100000 characters',
    ],
    [
      { events: { paid: { html: { type: 'Program', body: [] } } } },
      'ERR_TEMPLATE',
      'events.paid.html',
      'text of at most',
    ],
    [{ events: { paid: { text: 'x'.repeat(100_001) } } }, 'ERR_TEMPLATE', 'events.paid.text', 'text of at most'],
    [{ events: { paid: { text: 'x'.repeat(1_000_000) } } }, 'ERR_TEMPLATE', 'events.paid.text', 'text of at most'],
    [{ kind: 'http' }, 'ERR_CONFIG_VALUE', 'kind', '"email"; got "http"'],
    [{ url: 'https://x.example' }, 'ERR_CONFIG_UNKNOWN_OPTION', 'url', 'known are kind, id, name'],
  ])('is refused with %o', (changes, code, field, message) => {
    const error = refusal(() => email(changes));
    expect({ code: error.code, field: error.field }).toEqual({ code, field });
    expect(error.message).toContain(message);
  });

  it('that asks for another support-session event is told the three there are', () => {
    const given = { name: 'Managers', to: 'a@example.com', events: { support_conference_begin: true } };
    expect(refusal(() => parseEmailRecipient(given, supportSessionEvents)).message).toBe(
      'events must be of types that can be mailed: support_conference_end, ' +
        'support_conference_customer_exit_survey_completed, support_conference_rep_exit_survey_completed; ' +
        'got "support_conference_begin"',
    );
  });
});
