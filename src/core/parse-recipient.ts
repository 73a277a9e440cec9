import { type EventCatalog, typesFor } from './catalog.ts';
import { longestPem } from './certificate.ts';
import { checkBoolean, checkLine, checkObject, checkOneOf, isRecord, refuse } from './check.ts';
import { parseDuration } from './duration.ts';
import { parseAddresses } from './email-address.ts';
import { hideSecrets } from './hide-secrets.ts';
import { parseHeaders, parseSuccess, parseUrl } from './http-settings.ts';
import { matches, parsePatterns } from './pattern.ts';
import type { AlertPolicy, EmailRecipient, EmailTemplate, HttpRecipient, Recipient, RetryPolicy } from './recipient.ts';
import { parseRejection } from './rejection.ts';
import { parseSigningSecrets } from './signing-secrets.ts';
import { parseTls } from './tls-settings.ts';

const baseKeys = ['kind', 'id', 'name', 'enabled', 'whileDisabled', 'retry', 'alerts', 'events'];
const httpKeys = [
  ...[...baseKeys, 'url', 'format', 'ca', 'tls', 'headers', 'timeout', 'success'],
  ...['signingSecrets', 'maxRetryAfter', 'onRejected', 'rejection'],
];
const emailKeys = [...baseKeys, 'to'];

const largestTemplate = 100_000;

/**
 * An HTTP recipient from a host's settings, or from stored ones: every field checked, every default filled in, frozen.
 * Throws the coded error of the first field that is wrong.
 */
export function parseHttpRecipient(input: unknown, catalog: EventCatalog): HttpRecipient {
  const given = checkObject(input, '', httpKeys);
  const recipient: HttpRecipient = {
    kind: checkOneOf(given.kind, 'kind', ['http'], 'http'),
    ...parseBase(given, '1m'),
    url: parseUrl(given.url, 'url'),
    events: parsePatterns(given.events, 'events', catalog, 'http'),
    format: checkOneOf(given.format, 'format', ['form', 'json', 'cloudevents'], 'form'),
    ca: parsePem(given.ca, 'ca'),
    tls: parseTls(given.tls, 'tls'),
    headers: parseHeaders(given.headers, 'headers'),
    timeout: parseDuration(given.timeout, 'timeout', '30s'),
    success: parseSuccess(given.success, 'success'),
    signingSecrets: parseSigningSecrets(given.signingSecrets, 'signingSecrets'),
    maxRetryAfter: parseDuration(given.maxRetryAfter, 'maxRetryAfter', '1h', 0),
    onRejected: checkOneOf(given.onRejected, 'onRejected', ['block', 'skip'], 'block'),
    rejection: parseRejection(given.rejection, 'rejection'),
  };
  const { username, password } = new URL(recipient.url);
  if (`${username}${password}` !== '' && Object.hasOwn(recipient.headers, 'authorization')) {
    refuse('ERR_CONFIG_HEADER', 'headers.authorization', 'left out, as the URL holds credentials');
  }
  return Object.freeze(hideSecrets(recipient));
}

/** As {@link parseHttpRecipient}, for an email recipient. */
export function parseEmailRecipient(input: unknown, catalog: EventCatalog): EmailRecipient {
  const given = checkObject(input, '', emailKeys);
  return Object.freeze({
    kind: checkOneOf(given.kind, 'kind', ['email'], 'email'),
    ...parseBase(given, '5m'),
    to: parseAddresses(given.to, 'to'),
    events: parseTemplates(given.events, catalog),
  });
}

/**
 * A recipient of either kind as `JSON.stringify` of a parsed one gave it. Event types that the catalog has lost since are
 * passed over as long as others are left.
 */
export function parseStoredRecipient(settings: string, catalog: EventCatalog): Recipient {
  const stored = JSON.parse(settings) as Pick<Recipient, 'kind' | 'events'>;
  const known = (pattern: string): boolean => typesFor(catalog, stored.kind).some((type) => matches(pattern, type));
  if (stored.kind === 'email') {
    const events = Object.fromEntries(Object.entries(stored.events).filter(([type]) => known(type)));
    return parseEmailRecipient({ ...stored, events: Object.keys(events).length > 0 ? events : stored.events }, catalog);
  }
  const events = (stored.events as readonly string[]).filter(known);
  return parseHttpRecipient({ ...stored, events: events.length > 0 ? events : stored.events }, catalog);
}

/** The recipient with some settings changed; what `changes` leaves out stays. */
export function changeRecipient(current: Recipient, changes: unknown, catalog: EventCatalog): Recipient {
  const given = checkObject(changes, '', current.kind === 'http' ? httpKeys : emailKeys);
  if (given.id !== undefined && given.id !== current.id)
    refuse('ERR_CONFIG_ID', 'id', 'left as it is; add another recipient', given.id);
  const changed = {
    ...current,
    ...withoutUndefined(given),
    retry: merged(current.retry, given.retry),
    alerts: merged(current.alerts, given.alerts),
    ...(current.kind === 'http' && {
      tls: merged(current.tls, given.tls),
      rejection: merged(current.rejection, given.rejection),
    }),
  };
  return current.kind === 'http' ? parseHttpRecipient(changed, catalog) : parseEmailRecipient(changed, catalog);
}

/** What is no object of changes takes the place of the whole, for the checks to judge. */
function merged(current: object | null, changes: unknown): unknown {
  if (changes === undefined) return current;
  return isRecord(changes) ? { ...current, ...withoutUndefined(changes) } : changes;
}

function withoutUndefined(value: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== undefined));
}

function parseBase(given: Readonly<Record<string, unknown>>, retryInterval: string) {
  const id = given.id === undefined ? undefined : parseId(given.id);
  const name = checkLine(given.name === undefined ? id : given.name, 'name', 200);
  return {
    id: id ?? idFromName(name),
    name,
    enabled: checkBoolean(given.enabled, 'enabled', true),
    whileDisabled: checkOneOf(given.whileDisabled, 'whileDisabled', ['skip', 'queue'], 'skip'),
    retry: parseRetry(given.retry, retryInterval),
    alerts: parseAlerts(given.alerts),
  };
}

function parseId(value: unknown): string {
  if (typeof value === 'string' && /^[A-Za-z0-9_.-]{1,64}$/.test(value)) return value;
  return refuse('ERR_CONFIG_ID', 'id', '1 to 64 characters of A-Z a-z 0-9 _ . -', value);
}

/** `Help Desk (EU)` becomes `help-desk-eu`. */
function idFromName(name: string): string {
  const plain = name
    .normalize('NFKD')
    .replace(/\p{Mark}/gu, '')
    .toLowerCase();
  const id = plain
    .match(/[a-z0-9]+/g)
    ?.join('-')
    .slice(0, 64);
  return id ?? refuse('ERR_CONFIG_ID', 'id', 'given, as the name has no letters or digits to make one of', name);
}

function parseRetry(value: unknown, interval: string): RetryPolicy {
  const given = value === undefined ? {} : checkObject(value, 'retry', ['interval', 'duration']);
  const retry = {
    interval: parseDuration(given.interval, 'retry.interval', interval),
    duration: parseDuration(given.duration, 'retry.duration', '3d'),
  };
  if (retry.duration < retry.interval) {
    refuse(
      'ERR_CONFIG_DURATION',
      'retry.duration',
      'at least retry.interval, or nothing would ever be tried again',
      given.duration,
    );
  }
  return Object.freeze(retry);
}

function parseAlerts(value: unknown): AlertPolicy | null {
  if (value === undefined || value === null) return null;
  const given = checkObject(value, 'alerts', ['to', 'after', 'resendEvery', 'recovered']);
  return Object.freeze({
    to: parseAddresses(given.to, 'alerts.to'),
    after: parseDuration(given.after, 'alerts.after', '15m', 0),
    resendEvery: parseDuration(given.resendEvery, 'alerts.resendEvery', '4h'),
    recovered: checkBoolean(given.recovered, 'alerts.recovered', false),
  });
}

/** PEM texts as one; what is in them is for the transport to judge. */
function parsePem(value: unknown, field: string): string | null {
  if (value === undefined || value === null) return null;
  // Array.from, because every would pass over holes.
  const texts: readonly unknown[] = Array.isArray(value) ? Array.from(value) : [value];
  if (texts.length > 0 && texts.every((text) => typeof text === 'string' && text.trim() !== '')) {
    const pem = texts.join('\n');
    if (pem.length <= longestPem) return pem;
  }
  const allowed = `PEM text, or a list of PEM texts, of at most ${longestPem} characters together`;
  return refuse('ERR_CONFIG_CA', field, allowed);
}

function parseTemplates(value: unknown, catalog: EventCatalog): Readonly<Record<string, EmailTemplate | true>> {
  const types = typesFor(catalog, 'email');
  const given = isRecord(value) ? Object.entries(value).filter(([, template]) => template !== undefined) : [];
  if (given.length === 0) {
    refuse('ERR_CONFIG_EVENTS', 'events', `a plain object with at least one of ${types.join(', ')}`, value);
  }
  const templates = given.map(([type, template]) => {
    if (types.includes(type)) return [type, template === true || parseTemplate(template, `events.${type}`)] as const;
    return refuse('ERR_CONFIG_EVENTS', 'events', `of types that can be mailed: ${types.join(', ')}`, type);
  });
  return Object.freeze(Object.fromEntries(templates));
}

function parseTemplate(value: unknown, field: string): EmailTemplate {
  if (!isRecord(value)) refuse('ERR_CONFIG_VALUE', field, 'true, or an object with subject, text and html', value);
  const given = checkObject(value, field, ['subject', 'text', 'html']);
  for (const [part, source] of Object.entries(given)) {
    if (source !== undefined && (typeof source !== 'string' || source.length > largestTemplate)) {
      refuse('ERR_TEMPLATE', `${field}.${part}`, `text of at most ${largestTemplate} characters`);
    }
  }
  return Object.freeze({ ...given });
}
