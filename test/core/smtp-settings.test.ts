import { inspect } from 'node:util';
import { describe, expect, it, test } from 'vitest';
import { isLoopback, parseSmtp } from '../../src/core/smtp-settings.ts';
import { Authority } from '../support/certificates.ts';
import { refusal, secret } from './refusal.ts';

const authority = new Authority('root');
const relay = { host: 'mail.example.com', from: 'appliance@example.com' };
const auth = { user: `user-${secret}`, pass: secret };

describe('the settings of a relay', () => {
  it('have a default for all but host and sender', () => {
    const settings = parseSmtp(relay);
    const rest = { port: 587, secure: false, startTls: 'required', auth: null, ca: null, maxConnections: 2 };
    expect(settings).toEqual({ ...relay, ...rest });
    expect(Object.isFrozen(settings)).toBe(true);
  });

  it('are kept as they are given', () => {
    const given = {
      ...relay,
      port: 2525,
      secure: true,
      startTls: 'if-offered',
      auth: { user: 'u', pass: 'p' },
      ca: authority.pem,
      maxConnections: 10,
    } as const;
    const settings = parseSmtp(given);
    expect(settings).toEqual(given);
    expect(Object.isFrozen(settings.auth)).toBe(true);
    expect(parseSmtp(settings)).toEqual(settings);
  });

  it('show no password when they are logged', () => {
    const shown = inspect({ settings: parseSmtp({ ...relay, auth: { user: 'office', pass: secret } }) }, { depth: 9 });
    expect(shown).not.toContain(secret);
    expect(shown).toContain("auth: { user: 'office', pass: '***' }");
    expect(inspect(parseSmtp(relay))).toContain('auth: null');
  });

  it.each<[object, number, boolean]>([
    [{}, 587, false],
    [{ secure: false }, 587, false],
    [{ secure: true }, 465, true],
    [{ port: 465 }, 465, true],
    [{ port: 465, secure: false }, 465, false],
    [{ port: 25 }, 25, false],
    [{ port: 2525, secure: true }, 2525, true],
    [{ port: 1 }, 1, false],
    [{ port: 65_535 }, 65_535, false],
  ])('with %j use port %i, TLS from the first byte: %s', (given, port, secure) => {
    expect(parseSmtp({ ...relay, ...given })).toMatchObject({ port, secure });
  });

  it.each<[string, object, string]>([
    ['mail.example.com', {}, 'required'],
    ['mail.example.com', { auth }, 'required'],
    ['mail.example.com', { startTls: 'if-offered' }, 'if-offered'],
    ['mail.example.com', { startTls: 'if-offered', secure: true, auth }, 'if-offered'],
    ['mail.example.com', { startTls: 'required' }, 'required'],
    ['localhost', {}, 'if-offered'],
    ['127.0.0.1', { auth }, 'if-offered'],
    ['::1', { auth, startTls: 'if-offered' }, 'if-offered'],
    ['localhost', { startTls: 'required' }, 'required'],
  ])('for %s with %j need STARTTLS: %s', (host, given, startTls) => {
    expect(parseSmtp({ ...relay, host, ...given }).startTls).toBe(startTls);
  });

  it.each([
    'mail',
    'mail.example.com',
    'mail.example.com.',
    'MAIL-1.Example.com',
    'my_relay',
    '_a._b.c_9',
    '10.0.0.1',
    '::1',
    '2001:db8::25',
    'fe80::1%eth0',
  ])('may name the host %s', (host) => {
    expect(parseSmtp({ ...relay, host }).host).toBe(host);
  });

  it('may have null for no login and for the public roots', () => {
    expect(parseSmtp({ ...relay, auth: null, ca: null })).toMatchObject({ auth: null, ca: null });
  });

  it('may hold several certificates, with text around them', () => {
    const ca = `# roots\r\n${authority.pem}\n${new Authority('other').pem}`;
    expect(parseSmtp({ ...relay, ca }).ca).toBe(ca);
  });
});

describe('F91: the settings of a relay are refused', () => {
  it.each<[unknown, string]>([
    [`smtps://user:${secret}@mail.example.com`, 'a string'],
    [null, 'null'],
    [true, 'a boolean'],
    [[relay], 'a list'],
    [new Map(Object.entries(relay)), 'an object'],
  ])('as %o', (smtp, shown) => {
    const { code, field, message } = refusal(() => parseSmtp(smtp));
    expect({ code, field }).toEqual({ code: 'ERR_CONFIG_VALUE', field: 'smtp' });
    expect(message).toBe(`smtp must be a plain object; got ${shown}`);
  });

  it.each([
    ['user', 'smtp.user is not an option; known are host, port, secure, startTls, auth, ca, from'],
    ['password', 'smtp.password is not an option; known are host, port, secure, startTls, auth, ca, from'],
    ['starttls', 'smtp.starttls is not an option; did you mean "startTls"?'],
    ['requireTLS', 'smtp.requireTLS is not an option; known are'],
    ['rejectUnauthorized', 'smtp.rejectUnauthorized is not an option; known are'],
  ])('with the option %s', (key, expected) => {
    const { code, field, message } = refusal(() => parseSmtp({ ...relay, [key]: secret }));
    expect({ code, field }).toEqual({ code: 'ERR_CONFIG_UNKNOWN_OPTION', field: `smtp.${key}` });
    expect(message).toContain(expected);
  });

  it.each<[unknown]>([
    [undefined],
    [null],
    [''],
    [5],
    [['mail.example.com']],
    ['mail example com'],
    ['mail.example.com:587'],
    [`user:${secret}@mail.example.com`],
    [`smtp://user:${secret}@mail.example.com:587`],
    ['mail.example.com/x'],
    ['mail..example.com'],
    ['.mail'],
    ['-mail'],
    ['[::1]'],
    ['::g'],
    ['mail\r\nexample'],
    ['mail\n'],
    ['größe.example'],
    [`${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(63)}`],
    [`${'a'.repeat(64)}.example`],
  ])('with the host %j', (host) => {
    const { code, field, message } = refusal(() => parseSmtp({ ...relay, host }));
    expect({ code, field }).toEqual({ code: 'ERR_CONFIG_SMTP', field: 'smtp.host' });
    expect(message).toMatch(/^smtp\.host must be a host name or an IP address, without a port; got [a-z]+( \w+)?$/);
  });

  it.each<[unknown]>([[0], [11], [1.5], ['2'], [null], [Number.NaN]])('with %o connections', (maxConnections) => {
    expect(refusal(() => parseSmtp({ ...relay, maxConnections }))).toMatchObject({
      code: 'ERR_CONFIG_VALUE',
      field: 'smtp.maxConnections',
    });
  });

  it.each<[unknown]>([[0], [-1], [65_536], [587.5], ['587'], [null], [Number.NaN], [587n]])(
    'with the port %o',
    (port) => {
      const { code, field, message } = refusal(() => parseSmtp({ ...relay, port }));
      expect({ code, field }).toEqual({ code: 'ERR_CONFIG_SMTP', field: 'smtp.port' });
      expect(message).toContain('smtp.port must be a whole number from 1 to 65535; got ');
    },
  );

  it.each<[object]>([[{ port: 587 }], [{ port: 25 }]])('with TLS from the first byte on %j', (given) => {
    const { code, field, message } = refusal(() => parseSmtp({ ...relay, ...given, secure: true }));
    expect({ code, field }).toEqual({ code: 'ERR_CONFIG_SMTP', field: 'smtp.secure' });
    expect(message).toMatch(/^smtp\.secure must be false on port \d+, where TLS begins with STARTTLS \(RFC 8314 §3\)/);
  });

  it.each<[unknown]>([['true'], [1], [null]])('with %o for secure', (secure) => {
    expect(refusal(() => parseSmtp({ ...relay, secure }))).toMatchObject({
      code: 'ERR_CONFIG_VALUE',
      field: 'smtp.secure',
      message: expect.stringContaining('smtp.secure must be true or false'),
    });
  });

  it.each<[unknown]>([[true], ['never'], ['opportunistic'], [null], ['REQUIRED']])(
    'with %o for STARTTLS',
    (startTls) => {
      const { code, field, message } = refusal(() => parseSmtp({ ...relay, startTls }));
      expect({ code, field }).toEqual({ code: 'ERR_CONFIG_SMTP', field: 'smtp.startTls' });
      expect(message).toContain('smtp.startTls must be "required" or "if-offered"; got ');
    },
  );

  it.each([
    'mail.example.com',
    '10.0.0.1',
    '128.0.0.1',
    '2001:db8::1',
    'localhost.example.com',
    '127.0.0.1.example.com',
  ])('with a password that may cross the network to %s in the clear', (host) => {
    const { code, field, message } = refusal(() => parseSmtp({ ...relay, host, auth, startTls: 'if-offered' }));
    expect({ code, field }).toEqual({ code: 'ERR_CONFIG_SMTP', field: 'smtp.startTls' });
    expect(message).toBe('smtp.startTls must be "required", as a password is sent; got "if-offered"');
  });

  it.each<[unknown, string, string]>([
    [`user:${secret}`, 'ERR_CONFIG_VALUE', 'smtp.auth'],
    [['user', secret], 'ERR_CONFIG_VALUE', 'smtp.auth'],
    [false, 'ERR_CONFIG_VALUE', 'smtp.auth'],
    [{ user: 'u', password: secret }, 'ERR_CONFIG_UNKNOWN_OPTION', 'smtp.auth.password'],
    [{ user: 'u' }, 'ERR_CONFIG_SMTP', 'smtp.auth'],
    [{ pass: secret }, 'ERR_CONFIG_SMTP', 'smtp.auth'],
    [{ user: '', pass: secret }, 'ERR_CONFIG_SMTP', 'smtp.auth'],
    [{ user: 'u', pass: '' }, 'ERR_CONFIG_SMTP', 'smtp.auth'],
    [{ user: 'u\0', pass: secret }, 'ERR_CONFIG_SMTP', 'smtp.auth'],
    [{ user: 'u', pass: `${secret}\0` }, 'ERR_CONFIG_SMTP', 'smtp.auth'],
    [{ user: 5, pass: secret }, 'ERR_CONFIG_SMTP', 'smtp.auth'],
    [{ user: secret, pass: 5 }, 'ERR_CONFIG_SMTP', 'smtp.auth'],
  ])('with %j for a login', (given, code, field) => {
    const error = refusal(() => parseSmtp({ ...relay, auth: given }));
    expect({ code: error.code, field: error.field }).toEqual({ code, field });
    expect(error.message).toMatch(
      /smtp\.auth(\.password is not an option| must be (a plain object|an object with the texts user and pass))/,
    );
  });

  const { cert, key } = authority.issue();

  it.each<[string, unknown]>([
    ['empty text', ''],
    ['a file name', `/etc/ssl/${secret}.pem`],
    ['a private key', `${key}${secret}`],
    ['a private key behind a certificate', `${cert}${key}`],
    ['a certificate that cannot be read', `-----BEGIN CERTIFICATE-----\n${secret}\n-----END CERTIFICATE-----`],
    ['the beginning of a certificate', cert.slice(0, 200)],
    ['a list', [cert]],
    ['a buffer', Buffer.from(cert)],
    ['a number', 5],
    ['5 MB', `${cert}${'\n'.repeat(5_000_000)}`],
  ])('with %s for a CA', (_name, ca) => {
    const { code, field, message } = refusal(() => parseSmtp({ ...relay, ca }));
    expect({ code, field }).toEqual({ code: 'ERR_CONFIG_CA', field: 'smtp.ca' });
    expect(message).toMatch(/PEM text/);
    expect(message).not.toContain(key.split('\n')[1]);
  });

  it.each<[unknown, string]>([
    [undefined, 'smtp.from'],
    [null, 'smtp.from'],
    ['', 'smtp.from'],
    ['Appliance <appliance@example.com>', 'smtp.from[0]'],
    ['appliance', 'smtp.from[0]'],
    ['a@example.com\r\nBcc: b@example.com', 'smtp.from[0]'],
    ['a@example.com, b@example.com', 'smtp.from'],
    [['a@example.com', 'b@example.com'], 'smtp.from'],
  ])('with the sender %j', (from, field) => {
    const error = refusal(() => parseSmtp({ ...relay, from }));
    expect(error).toMatchObject({ code: 'ERR_CONFIG_EMAIL', field });
    expect(error.message).toMatch(/must be (one address|1 to 10 addresses|a plain address)/);
  });
});

test.each([
  ['localhost', true],
  ['127.0.0.1', true],
  ['127.255.255.254', true],
  ['::1', true],
  ['127.0.0.1.example.com', false],
  ['127.1', false],
  ['128.0.0.1', false],
  ['1.127.0.0', false],
  ['localhost.example.com', false],
  ['::2', false],
  ['0.0.0.0', false],
])('%s is this machine itself: %s', (host, expected) => {
  expect(isLoopback(host)).toBe(expected);
});
