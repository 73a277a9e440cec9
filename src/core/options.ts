import { defineEvents, type EventCatalog } from './catalog.ts';
import { checkInteger, checkMethods, checkObject } from './check.ts';
import type { Clock } from './clock.ts';
import { systemClock } from './clock.ts';
import { type Duration, parseDuration } from './duration.ts';
import { type AllowedNetworks, networkRule } from './network-rules.ts';
import { parseProxy } from './proxy-settings.ts';
import type { EmailRecipient, HttpRecipient } from './recipient.ts';
import { Seal, type SecretKey } from './seal.ts';
import { parseSmtp, type SmtpInput, type SmtpSettings } from './smtp-settings.ts';
import { parseSource } from './source.ts';
import type { QueueStorage, StorageLimits } from './storage.ts';
import type { Relay, Transport } from './transport.ts';

/** Settings of `new OutboundEvents(…)`. */
export interface OutboundEventsOptions<Catalog extends EventCatalog, Transaction = never> {
  /** The catalog: `supportSessionEvents`, or the host's own of `defineEvents`. */
  readonly events: Catalog;
  /** A file name for SQLite, `':memory:'` for nothing durable at all, or any storage. */
  readonly storage: string | QueueStorage<Transaction>;
  /** The relay for email recipients and alerts. Default: none, and neither can be had. */
  readonly smtp?: SmtpInput | undefined;
  /**
   * Where HTTP recipients may live: `'any'`, or one or a list of networks (`'10.0.0.0/8'`), addresses, and the names `'public'`,
   * `'private'`, `'loopback'`, `'link-local'`. Checked on the address that is dialled. Default: `'public'`.
   */
  readonly allowedNetworks?: AllowedNetworks | undefined;
  /**
   * The HTTP proxy that all HTTP deliveries go through: `'http://user:pass@proxy.example.com:3128'`, or https. Names are then
   * looked up, and their addresses judged, by the proxy. Default: none; proxy settings of the environment are not used.
   */
  readonly proxy?: string | undefined;
  /**
   * Seals the settings of recipients in the storage, so that what they hold of secrets (headers, URLs, keys, signing
   * secrets) is in no file in the clear. 32 bytes, or their base64 or hex text. A list while the key is exchanged: the
   * first seals, the others only open. `null` or left out: not sealed. A key that is given as `undefined`, such as an
   * environment variable that is not set, is refused.
   */
  readonly secretKey?: SecretKey | readonly SecretKey[] | null;
  /**
   * Where the events come from, as CloudEvents tell it (`ce-source`): an absolute URI such as `https://appliance.example.com`,
   * or a path. Set it when receivers get events of several hosts. Default: `/outbound-events`.
   */
  readonly source?: string | undefined;
  /** Own transports instead of the default ones. */
  readonly transports?: TransportsInput | undefined;
  /** Attempts that may be under way at a time, over all recipients; failing ones use at most half. Default: 100. */
  readonly concurrency?: number | undefined;
  /** What may wait, over all recipients; past it `emit` rejects with `ERR_BACKLOG_FULL`. */
  readonly backlog?:
    | {
        /** Default: 2,000,000. */
        readonly deliveries?: number | undefined;
        /** Default: 2 GiB. */
        readonly bytes?: number | undefined;
      }
    | undefined;
  /** The largest event, bytes of its data as JSON. Default: 1 MB. */
  readonly maxEventBytes?: number | undefined;
  /** How long the id of an accepted event is remembered at least, so that emitting it again stores nothing. Default: `'24h'`. */
  readonly rememberEventIds?: Duration | undefined;
  /**
   * How long the queues of a process that hangs are left to it, where several processes share a storage; at least 1 s. One
   * that is known to be dead is replaced at once. Default: `'30s'`.
   */
  readonly leaseDuration?: Duration | undefined;
  /** How long `stop()` lets attempts under way go on before it aborts them. Default: `'10s'`. */
  readonly stopTimeout?: Duration | undefined;
  /** For tests. Default: the system's. */
  readonly clock?: Clock | undefined;
}

/** The host's own transports; for what is left out there is the default one. */
export interface TransportsInput {
  readonly http?: Transport<HttpRecipient> | undefined;
  readonly email?: Transport<EmailRecipient> | undefined;
  /** Takes the alerts. */
  readonly relay?: Relay | undefined;
}

/** The settings with every default filled in. */
export interface Settings<Catalog extends EventCatalog> {
  readonly catalog: Catalog;
  readonly smtp: SmtpSettings | null;
  readonly allowedNetworks: AllowedNetworks;
  readonly proxy: string | null;
  readonly seal: Seal;
  readonly source: string;
  readonly transports: TransportsInput;
  readonly concurrency: number;
  readonly limits: StorageLimits;
  readonly maxEventBytes: number;
  readonly rememberEventIds: number;
  readonly leaseDuration: number;
  readonly stopTimeout: number;
  readonly clock: Clock;
}

const keys = [
  'events',
  'storage',
  'smtp',
  'allowedNetworks',
  'proxy',
  'secretKey',
  'source',
  'transports',
  'concurrency',
  'backlog',
  'maxEventBytes',
  'rememberEventIds',
  'leaseDuration',
  'stopTimeout',
  'clock',
];

/** Checks every setting. Throws the coded error of the first that is wrong. */
export function parseOptions<Catalog extends EventCatalog>(
  options: OutboundEventsOptions<Catalog, never>,
): Settings<Catalog> {
  const given = checkObject(options, '', keys) as unknown as OutboundEventsOptions<Catalog>;
  const { backlog = {}, transports = {}, clock = systemClock } = given;
  checkObject(backlog, 'backlog', ['deliveries', 'bytes']);
  checkTransports(transports);
  checkMethods(clock, 'clock', ['now', 'steady', 'setTimer']);
  const { allowedNetworks = 'public' } = given;
  networkRule(allowedNetworks);
  return {
    catalog: defineEvents(given.events),
    smtp: given.smtp === undefined ? null : parseSmtp(given.smtp),
    allowedNetworks,
    proxy: parseProxy(given.proxy, 'proxy'),
    seal: new Seal('secretKey' in given ? (given.secretKey as SecretKey | null) : null, 'secretKey'),
    source: parseSource(given.source, 'source'),
    transports,
    concurrency: checkInteger(given.concurrency, 'concurrency', [1, 10_000], 100),
    limits: {
      maxDeliveries: checkInteger(backlog.deliveries, 'backlog.deliveries', [1, 1e9], 2_000_000),
      maxBytes: checkInteger(backlog.bytes, 'backlog.bytes', [1_000_000, Number.MAX_SAFE_INTEGER], 2 * 1024 ** 3),
    },
    maxEventBytes: checkInteger(given.maxEventBytes, 'maxEventBytes', [1_000, 100_000_000], 1_000_000),
    rememberEventIds: parseDuration(given.rememberEventIds, 'rememberEventIds', '24h', 0),
    leaseDuration: parseDuration(given.leaseDuration, 'leaseDuration', '30s', 1_000),
    stopTimeout: parseDuration(given.stopTimeout, 'stopTimeout', '10s', 0),
    clock,
  };
}

function checkTransports(transports: TransportsInput): void {
  checkObject(transports, 'transports', ['http', 'email', 'relay']);
  const { http, email, relay } = transports;
  if (http !== undefined) checkMethods(http, 'transports.http', ['check', 'send', 'close']);
  if (email !== undefined) checkMethods(email, 'transports.email', ['check', 'send', 'close']);
  if (relay !== undefined) checkMethods(relay, 'transports.relay', ['sendAlert', 'probe']);
}
