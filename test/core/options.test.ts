import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { defineEvents, event } from '../../src/core/catalog.ts';
import { systemClock } from '../../src/core/clock.ts';
import { type OutboundEventsOptions, parseOptions, type Settings } from '../../src/core/options.ts';
import { Seal } from '../../src/core/seal.ts';
import { OutboundEvents } from '../../src/index.ts';
import { ManualClock, ScriptedTransport } from '../../src/testing.ts';
import { anyValue, withAnything } from './anything.ts';
import { judged, refusal, secret } from './refusal.ts';

const events = defineEvents({ opened: event() });
const needed = { events, storage: ':memory:' };
const relay = {
  sendAlert: async () => ({ accepted: true, relay: 'OK' }),
  probe: async () => 'OK',
};

function parse(options: unknown): Settings<typeof events> {
  return parseOptions(options as OutboundEventsOptions<typeof events>);
}

describe('the options', () => {
  it('have a default for all but catalog and storage', () => {
    expect(parse(needed)).toEqual({
      catalog: events,
      smtp: null,
      allowedNetworks: 'public',
      proxy: null,
      seal: expect.any(Seal),
      source: '/outbound-events',
      transports: {},
      concurrency: 100,
      limits: { maxDeliveries: 2_000_000, maxBytes: 2 * 1024 ** 3 },
      maxEventBytes: 1_000_000,
      rememberEventIds: 24 * 60 * 60 * 1000,
      leaseDuration: 30_000,
      stopTimeout: 10_000,
      clock: systemClock,
    });
  });

  it('may have a key to seal with, or null for none', () => {
    expect(parse({ ...needed, secretKey: null }).seal.isOpen).toBe(true);
    expect(parse({ ...needed, secretKey: Buffer.alloc(32) }).seal.isOpen).toBe(false);
  });

  it('are taken as they are given', () => {
    const clock = new ManualClock();
    const http = new ScriptedTransport();
    const settings = parse({
      ...needed,
      smtp: { host: 'mail.example.com', from: 'a@example.com' },
      allowedNetworks: ['public', '10.0.0.0/8'],
      proxy: `http://user:${secret}@proxy.example.com:3128`,
      source: 'https://appliance.example.com',
      transports: { http, email: new ScriptedTransport(), relay },
      concurrency: 1,
      backlog: { deliveries: 1, bytes: 1_000_000 },
      maxEventBytes: 1_000,
      rememberEventIds: 0,
      stopTimeout: '1m',
      clock,
    });
    expect(settings).toMatchObject({
      smtp: { host: 'mail.example.com', port: 587 },
      allowedNetworks: ['public', '10.0.0.0/8'],
      proxy: `http://user:${secret}@proxy.example.com:3128`,
      source: 'https://appliance.example.com',
      concurrency: 1,
      limits: { maxDeliveries: 1, maxBytes: 1_000_000 },
      maxEventBytes: 1_000,
      rememberEventIds: 0,
      stopTimeout: 60_000,
    });
    expect(settings.clock).toBe(clock);
    expect(settings.transports).toMatchObject({ http, relay });
  });

  it('may leave out by undefined what they may leave out', () => {
    const left = Object.fromEntries(
      [
        'smtp',
        'allowedNetworks',
        'proxy',
        'source',
        'transports',
        'concurrency',
        'backlog',
        'maxEventBytes',
        'rememberEventIds',
        'stopTimeout',
        'clock',
      ].map((key) => [key, undefined]),
    );
    expect(parse({ ...needed, ...left })).toEqual(parse(needed));
    const inside = {
      backlog: { deliveries: undefined, bytes: undefined },
      transports: { http: undefined, email: undefined, relay: undefined },
    };
    expect(parse({ ...needed, ...inside })).toEqual({ ...parse(needed), transports: inside.transports });
  });
});

describe('the options are refused', () => {
  const methodsOfTransport = 'must be an object with the methods check, send, close';

  it.each<[unknown, string, string, string]>([
    [{ event: events }, 'ERR_CONFIG_UNKNOWN_OPTION', 'event', 'did you mean "events"?'],
    [{ maxEventbytes: 5 }, 'ERR_CONFIG_UNKNOWN_OPTION', 'maxEventbytes', 'did you mean "maxEventBytes"?'],
    [
      { logger: console },
      'ERR_CONFIG_UNKNOWN_OPTION',
      'logger',
      'known are events, storage, smtp, allowedNetworks, proxy, secretKey, source, transports',
    ],
    [{ events: undefined }, 'ERR_CONFIG_EVENTS', 'events', 'events must be an object of at least one event type'],
    [{ events: {} }, 'ERR_CONFIG_EVENTS', 'events', 'events must be an object of at least one event type'],
    [{ events: ['opened'] }, 'ERR_CONFIG_EVENTS', 'events', 'got a list'],
    [{ events: { opened: {} } }, 'ERR_CONFIG_EVENTS', 'events.opened', 'made with event(), or is a Standard Schema'],
    [{ secretKey: undefined }, 'ERR_CONFIG_VALUE', 'secretKey', 'secretKey must be 32 bytes'],
    [{ secretKey: [] }, 'ERR_CONFIG_VALUE', 'secretKey', 'secretKey must be 32 bytes'],
    [{ smtp: null }, 'ERR_CONFIG_VALUE', 'smtp', 'smtp must be a plain object; got null'],
    [{ smtp: `smtp://u:${secret}@h` }, 'ERR_CONFIG_VALUE', 'smtp', 'smtp must be a plain object; got a string'],
    [{ smtp: { host: 'h' } }, 'ERR_CONFIG_EMAIL', 'smtp.from', '1 to 10 addresses'],
    [{ allowedNetworks: [] }, 'ERR_CONFIG_VALUE', 'allowedNetworks', 'list of networks'],
    [{ allowedNetworks: ['10.0.0.0/33'] }, 'ERR_CONFIG_VALUE', 'allowedNetworks[0]', 'CIDR block'],
    [{ allowedNetworks: null }, 'ERR_CONFIG_VALUE', 'allowedNetworks', 'got null'],
    [{ proxy: null }, 'ERR_CONFIG_URL', 'proxy', 'proxy must be an absolute http or https URL'],
    [{ proxy: `socks5://u:${secret}@proxy.example.com` }, 'ERR_CONFIG_URL', 'proxy', 'http or https URL'],
    [{ proxy: `http://u:${secret}@proxy.example.com:0` }, 'ERR_CONFIG_URL', 'proxy', 'a port from 1 to 65535'],
    [{ proxy: `u:${secret}@proxy.example.com:3128` }, 'ERR_CONFIG_URL', 'proxy', 'http or https URL'],
    [{ proxy: `http://u:${secret}@proxy.example.com/${secret}` }, 'ERR_CONFIG_URL', 'proxy', 'without a path'],
    [{ proxy: `http://u:${secret}@proxy.example.com?${secret}` }, 'ERR_CONFIG_URL', 'proxy', 'without a path'],
    [{ source: 'appliance-7' }, 'ERR_CONFIG_VALUE', 'source', 'an absolute URI'],
    [{ transports: null }, 'ERR_CONFIG_VALUE', 'transports', 'transports must be a plain object; got null'],
    [
      { transports: { webhook: {} } },
      'ERR_CONFIG_UNKNOWN_OPTION',
      'transports.webhook',
      'known are http, email, relay',
    ],
    [{ transports: { http: {} } }, 'ERR_CONFIG_VALUE', 'transports.http', methodsOfTransport],
    [{ transports: { http: null } }, 'ERR_CONFIG_VALUE', 'transports.http', methodsOfTransport],
    [{ transports: { email: ScriptedTransport } }, 'ERR_CONFIG_VALUE', 'transports.email', methodsOfTransport],
    [
      { transports: { relay: { probe: relay.probe } } },
      'ERR_CONFIG_VALUE',
      'transports.relay',
      'an object with the methods sendAlert, probe',
    ],
    [{ concurrency: 0 }, 'ERR_CONFIG_VALUE', 'concurrency', 'a whole number from 1 to 10000; got 0'],
    [{ concurrency: 10_001 }, 'ERR_CONFIG_VALUE', 'concurrency', 'a whole number from 1 to 10000; got 10001'],
    [{ concurrency: '5' }, 'ERR_CONFIG_VALUE', 'concurrency', 'got "5"'],
    [{ backlog: 5 }, 'ERR_CONFIG_VALUE', 'backlog', 'backlog must be a plain object; got a number'],
    [{ backlog: { delivery: 5 } }, 'ERR_CONFIG_UNKNOWN_OPTION', 'backlog.delivery', 'known are deliveries, bytes'],
    [{ backlog: { deliveries: 0 } }, 'ERR_CONFIG_VALUE', 'backlog.deliveries', 'from 1 to 1000000000; got 0'],
    [{ backlog: { deliveries: 1e9 + 1 } }, 'ERR_CONFIG_VALUE', 'backlog.deliveries', 'from 1 to 1000000000'],
    [{ backlog: { bytes: 999_999 } }, 'ERR_CONFIG_VALUE', 'backlog.bytes', 'from 1000000 to 9007199254740991'],
    [{ maxEventBytes: 999 }, 'ERR_CONFIG_VALUE', 'maxEventBytes', 'from 1000 to 100000000; got 999'],
    [{ maxEventBytes: 100_000_001 }, 'ERR_CONFIG_VALUE', 'maxEventBytes', 'from 1000 to 100000000'],
    [{ rememberEventIds: -1 }, 'ERR_CONFIG_DURATION', 'rememberEventIds', 'from 0 ms to 365 days'],
    [{ rememberEventIds: '2y' }, 'ERR_CONFIG_DURATION', 'rememberEventIds', 'got "2y"'],
    [{ stopTimeout: Number.POSITIVE_INFINITY }, 'ERR_CONFIG_DURATION', 'stopTimeout', 'got Infinity'],
    [{ stopTimeout: '10' }, 'ERR_CONFIG_DURATION', 'stopTimeout', 'got "10"'],
    [{ clock: Date }, 'ERR_CONFIG_VALUE', 'clock', 'an object with the methods now, steady, setTimer; got a function'],
    [{ clock: null }, 'ERR_CONFIG_VALUE', 'clock', 'an object with the methods now, steady, setTimer; got null'],
    [{ clock: { now: Date.now } }, 'ERR_CONFIG_VALUE', 'clock', 'now, steady, setTimer; got an object'],
  ])('with %o', (wrong, code, field, message) => {
    const given = { ...needed, ...(wrong as object) };
    for (const error of [refusal(() => parse(given)), refusal(() => new OutboundEvents(given))]) {
      expect({ code: error.code, field: error.field }).toEqual({ code, field });
      expect(error.message).toContain(message);
      expect(error.message).not.toContain(secret);
    }
  });

  it.each<[unknown]>([[undefined], [null], [5], [secret], [[needed]], [() => needed]])('as %o', (options) => {
    for (const error of [refusal(() => parse(options)), refusal(() => new OutboundEvents(options as never))]) {
      expect(error).toMatchObject({ code: 'ERR_CONFIG_VALUE', field: 'settings' });
      expect(error.message).toMatch(/^settings must be a plain object; got /);
    }
  });

  it.each<[unknown]>([[undefined], [null], [''], [5], [{}], [[]], [{ append: true }], [() => ({})]])(
    'with the storage %o',
    (storage) => {
      const { code, field, message } = refusal(() => new OutboundEvents({ events, storage } as never));
      expect({ code, field }).toEqual({ code: 'ERR_CONFIG_VALUE', field: 'storage' });
      expect(message).toContain('storage must be a file name, ":memory:", or a storage');
    },
  );
});

test('whatever the options are, OutboundEvents is made, or refuses with a coded error that shows no secret', () => {
  const good = {
    ...needed,
    smtp: {
      host: 'mail.example.com',
      port: 587,
      secure: false,
      startTls: 'required',
      auth: { user: secret, pass: secret },
      ca: null,
      from: 'a@example.com',
    },
    allowedNetworks: ['public'],
    proxy: `http://u:${secret}@proxy.example.com:3128`,
    source: '/appliances/7',
    transports: { http: new ScriptedTransport(), relay },
    concurrency: 5,
    backlog: { deliveries: 5, bytes: 5_000_000 },
    maxEventBytes: 5_000,
    rememberEventIds: '1h',
    stopTimeout: 0,
    clock: new ManualClock(),
  };
  const options = fc.oneof({ arbitrary: anyValue, weight: 1 }, { arbitrary: withAnything(good), weight: 9 });
  let [made, refused] = [0, 0];
  fc.assert(
    fc.property(options, (given) => {
      try {
        new OutboundEvents(given as never);
        made += 1;
      } catch (error) {
        judged(error);
        refused += 1;
      }
    }),
    { numRuns: 10_000 },
  );
  expect(Math.min(made, refused)).toBeGreaterThan(100);
});
