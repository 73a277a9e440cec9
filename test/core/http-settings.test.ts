import { validateHeaderName, validateHeaderValue } from 'node:http';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { parseHeaders, parseSuccess, parseUrl } from '../../src/core/http-settings.ts';
import { refusal, secret } from './refusal.ts';

describe('a URL', () => {
  it.each([
    'https://crm.example.com',
    'http://crm.example.com/hook',
    'HTTPS://CRM.Example.com:8443/Hook?appliance_id=7&token=a%20b+c&x=%zz',
    'https://crm.example.com?q=1',
    `https://user:${secret}@crm.example.com/`,
    'http://127.0.0.1:1/',
    'http://[::1]:65535/',
    'http://localhost/',
    'https://bücher.example/größe?ö=ü',
    `https://x.example/${'y'.repeat(2048 - 'https://x.example/'.length)}`,
  ])('may be %s, and stays as it was given', (url) => {
    expect(parseUrl(url, 'url')).toBe(url);
  });

  const absolute = 'an absolute http or https URL, with a host and, if any, a port from 1 to 65535';

  it.each<[string, string, string]>([
    ['empty', '', absolute],
    ['blank', ' ', 'without spaces, backslashes and control characters (percent-encode them)'],
    ['relative', `/hook/${secret}`, absolute],
    ['without a scheme', `crm.example.com/${secret}`, absolute],
    ['without a scheme, but with a port', 'crm.example.com:443', absolute],
    ['without a scheme, but with a password', `user:${secret}@crm.example.com`, absolute],
    ['relative to a scheme', `//crm.example.com/${secret}`, absolute],
    ['ftp', `ftp://user:${secret}@crm.example.com/`, absolute],
    ['file', `file:///etc/${secret}`, absolute],
    ['javascript', `javascript:alert("${secret}")`, absolute],
    ['data', `data:text/plain,${secret}`, absolute],
    ['a web socket', `wss://crm.example.com/${secret}`, absolute],
    ['a unix socket', `http+unix://%2Fvar%2Frun%2F${secret}.sock/`, absolute],
    ['without slashes', `https:crm.example.com/${secret}`, absolute],
    ['with one slash', `https:/crm.example.com/${secret}`, absolute],
    ['with three slashes, so without a host', `https:///crm.example.com/${secret}`, absolute],
    ['without a host', `http://?${secret}`, absolute],
    ['with a port, but without a host', 'http://:80/', absolute],
    ['with a user, but without a host', `http://${secret}@/`, absolute],
    ['with an unfinished IPv6 address', 'http://[::1/', absolute],
    ['with a host that cannot be', 'http://a%00b/', absolute],
    ['with a number that is no IPv4 address', 'http://256.256.256.256/', absolute],
    ['with port 0', 'http://crm.example.com:0/', absolute],
    ['with port 65536', 'http://crm.example.com:65536/', absolute],
    ['with a port in words', `http://crm.example.com:${secret}/`, absolute],
    ['with a fragment', `https://crm.example.com/#${secret}`, 'without a fragment (#…), which is never sent'],
    ['with an empty fragment', 'https://crm.example.com/#', 'without a fragment (#…), which is never sent'],
    ['with a space', `https://crm.example.com/${secret} x`, 'without spaces, backslashes and control characters'],
    ['with a space before it', ' https://crm.example.com/', 'without spaces, backslashes and control characters'],
    ['with a backslash', `https:\\\\crm.example.com\\${secret}`, 'without spaces, backslashes and control characters'],
    [
      'with CR and LF',
      `https://crm.example.com/\r\nHost: ${secret}`,
      'without spaces, backslashes and control characters',
    ],
    [
      'with a tab, which URL leaves out',
      'https://crm.exa\tmple.com/',
      'without spaces, backslashes and control characters',
    ],
    ['with NUL', 'https://crm.example.com/\0', 'without spaces, backslashes and control characters'],
    [
      'with 2,049 characters',
      `https://x.example/${secret}${'y'.repeat(2049 - 'https://x.example/s3cr3t'.length)}`,
      'at most 2048 characters',
    ],
    ['with a million', `https://x.example/${secret}${'y'.repeat(1e6)}`, 'at most 2048 characters'],
  ])('is refused %s', (_name, url, allowed) => {
    const { code, field, message } = refusal(() => parseUrl(url, 'url'));
    expect({ code, field }).toEqual({ code: 'ERR_CONFIG_URL', field: 'url' });
    expect(message).toContain(`url must be ${allowed}`);
    expect(message.length).toBeLessThan(200);
  });

  it.each<[unknown]>([
    [undefined],
    [null],
    [5],
    [['https://x.example']],
    [new URL(`https://x.example/${secret}`)],
    [{}],
  ])('is refused as %o', (url) => {
    expect(refusal(() => parseUrl(url, 'url'))).toMatchObject({ code: 'ERR_CONFIG_URL', field: 'url' });
  });

  it('is shown no further than its scheme', () => {
    expect(refusal(() => parseUrl(`ftp://user:${secret}@host/${secret}`, 'url')).message).toBe(
      `url must be ${absolute}; got "ftp://"`,
    );
    expect(refusal(() => parseUrl(`${secret}:x@host`, 'url')).message).toBe(`url must be ${absolute}`);
  });

  it('that is accepted goes to a host over http or https', () => {
    const anyUrl = fc.oneof(
      fc.webUrl({ withQueryParameters: true, withFragments: true }),
      fc.string({ unit: 'binary' }).map((rest) => `https://${rest}`),
      fc
        .tuple(
          fc.constantFrom('http', 'https', 'ftp', ''),
          fc.constantFrom(':', ':/', '://', ':///'),
          fc.webAuthority(),
          fc.webPath(),
        )
        .map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(anyUrl, (url) => {
        try {
          parseUrl(url, 'url');
        } catch (error) {
          expect(error).toMatchObject({ code: 'ERR_CONFIG_URL' });
          return;
        }
        const { protocol, hostname, hash, port } = new URL(url);
        expect(['http:', 'https:']).toContain(protocol);
        expect(url.toLowerCase().startsWith(`${protocol}//`)).toBe(true);
        expect({ hasHost: hostname !== '', hash, isZero: port === '0' }).toEqual({
          hasHost: true,
          hash: '',
          isZero: false,
        });
      }),
      { numRuns: 2000 },
    );
  });
});

describe('S9, S10: headers', () => {
  it('are kept by lower-case name, in their order', () => {
    const headers = parseHeaders({ 'X-Tenant': 'a b', Authorization: 'Bearer x', accept: '' }, 'headers');
    expect(Object.entries(headers)).toEqual([
      ['x-tenant', 'a b'],
      ['authorization', 'Bearer x'],
      ['accept', ''],
    ]);
    expect(Object.isFrozen(headers)).toBe(true);
  });

  it.each<[string, unknown]>([
    ['none', undefined],
    ['an empty object', {}],
    ['an object without a prototype', Object.create(null)],
  ])('may be %s', (_name, headers) => {
    expect(parseHeaders(headers, 'headers')).toEqual({});
    expect(Object.isFrozen(parseHeaders(headers, 'headers'))).toBe(true);
  });

  it.each<[string, string]>([
    ["!#$%&'*+-.^_`|~09Az", 'any token for a name'],
    ['x-latin', 'größe ÿ'],
    ['x-tab', 'a\tb'],
    ['user-agent', 'mine'],
    ['x-host', 'not ours'],
    ['hosts', 'not ours'],
    ['webhooks-id', 'not ours'],
    ['__proto__', 'x'],
    ['constructor', 'x'],
  ])('may have %s: %s', (name, value) => {
    expect(Object.entries(parseHeaders(Object.fromEntries([[name, value]]), 'headers'))).toEqual([
      [name.toLowerCase(), value],
    ]);
  });

  it.each([
    'host',
    'Host',
    'content-length',
    'Content-Type',
    'content-encoding',
    'transfer-encoding',
    'Connection',
    'keep-alive',
    'upgrade',
    'expect',
    'te',
    'trailer',
    'proxy-authorization',
    'webhook-id',
    'ce-type',
    'CE-Anything',
    'Webhook-Signature',
  ])('may not have %s, which is ours or the connection’s', (name) => {
    const { code, field, message } = refusal(() => parseHeaders({ accept: 'a', [name]: secret }, 'headers'));
    expect(code).toBe('ERR_CONFIG_HEADER');
    expect(field).toMatch(new RegExp(`^headers(\\.${name}|\\["${name}"\\])$`));
    expect(message).toBe(`${field} must be left to the library: it is set for each request`);
  });

  it.each<[string, unknown]>([
    ['x y', secret],
    ['', secret],
    ['x:', secret],
    ['größe', secret],
    ['x\r\ny', secret],
    ['x\0', secret],
    ['x'.repeat(1000).concat(' '), secret],
    ['x', `${secret}\r\nHost: y`],
    ['x', `${secret}\n`],
    ['x', `${secret}\0`],
    ['x', `${secret}\u007f`],
    ['x', `${secret}€`],
    ['x', `${secret}\ud800`],
    ['x', 5],
    ['x', null],
    ['x', undefined],
    ['x', [secret]],
    ['x', { toString: () => secret }],
    ['x', Symbol(secret)],
  ])('may not have %j with %o', (name, value) => {
    const { code, field, message } = refusal(() => parseHeaders({ [name]: value }, 'headers'));
    expect(code).toBe('ERR_CONFIG_HEADER');
    expect(field).toMatch(/^headers/);
    expect(message).toBe(`${field} must be a header name with a value of one line of Latin-1 text (RFC 9110 §5)`);
    expect(message.length).toBeLessThan(200);
  });

  it('may not have one twice in different letters', () => {
    const { code, field, message } = refusal(() => parseHeaders({ 'X-Key': secret, 'x-key': secret }, 'headers'));
    expect({ code, field }).toEqual({ code: 'ERR_CONFIG_HEADER', field: 'headers["x-key"]' });
    expect(message).toBe('headers["x-key"] must be given once');
  });

  it('may be 16,384 characters together, not more', () => {
    const frame = JSON.stringify([['x', '']]).length;
    expect(parseHeaders({ x: 'y'.repeat(16_384 - frame) }, 'headers').x).toHaveLength(16_384 - frame);
    for (const headers of [
      { x: `${secret}${'y'.repeat(16_384 - frame - secret.length + 1)}` },
      { x: `${secret}${'y'.repeat(100_000)}` },
      Object.fromEntries(Array.from({ length: 2_000 }, (_, n) => [`x-${n}`, secret])),
    ]) {
      const { code, field, message } = refusal(() => parseHeaders(headers, 'headers'));
      expect({ code, field }).toEqual({ code: 'ERR_CONFIG_HEADER', field: 'headers' });
      expect(message).toBe('headers must be at most 16384 characters together');
    }
  });

  it.each<[unknown, string]>([
    [null, 'null'],
    [`Authorization: Bearer ${secret}`, 'a string'],
    [5, 'a number'],
    [[['x', secret]], 'a list'],
    [new Map([['x', secret]]), 'an object'],
    [new Headers({ x: secret }), 'an object'],
    [() => ({ x: secret }), 'a function'],
  ])('are refused as %o', (headers, shown) => {
    const { code, field, message } = refusal(() => parseHeaders(headers, 'headers'));
    expect({ code, field }).toEqual({ code: 'ERR_CONFIG_HEADER', field: 'headers' });
    expect(message).toBe(`headers must be a plain object of names and values; got ${shown}`);
  });

  it('that are accepted are taken by Node as they are', () => {
    const header = fc.dictionary(
      fc.string({ unit: 'binary', maxLength: 8 }),
      fc.string({ unit: 'binary', maxLength: 20 }),
    );
    fc.assert(
      fc.property(header, (given) => {
        let headers: Readonly<Record<string, string>>;
        try {
          headers = parseHeaders(given, 'headers');
        } catch (error) {
          expect(error).toMatchObject({ code: 'ERR_CONFIG_HEADER' });
          return;
        }
        for (const [name, value] of Object.entries(headers)) {
          expect(() => validateHeaderName(name)).not.toThrow();
          expect(() => validateHeaderValue(name, value)).not.toThrow();
        }
      }),
      { numRuns: 2000 },
    );
  });
});

test.each<[unknown, unknown]>([
  [undefined, [200]],
  ['2xx', '2xx'],
  [[200], [200]],
  [
    [200, 204, 200],
    [200, 204],
  ],
  [
    [404, 599],
    [404, 599],
  ],
])('the statuses that count as delivered may be %j', (value, expected) => {
  const success = parseSuccess(value, 'success');
  expect(success).toEqual(expected);
  expect(Object.isFrozen(success)).toBe(true);
});

test.each<[unknown]>([
  [null],
  [200],
  [true],
  ['200'],
  ['3xx'],
  ['2XX'],
  [[]],
  [['200']],
  [[199]],
  [[600]],
  [[200.5]],
  [[200, Number.NaN]],
  [[200n]],
  [Object.assign([200], { 2: 204 })],
  [new Set([200])],
])('the statuses that count as delivered may not be %o', (value) => {
  const { code, field, message } = refusal(() => parseSuccess(value, 'success'));
  expect({ code, field }).toEqual({ code: 'ERR_CONFIG_VALUE', field: 'success' });
  expect(message).toContain(
    'success must be "2xx" or a list of HTTP statuses from 200 to 599, but for redirects (3xx); got ',
  );
});
