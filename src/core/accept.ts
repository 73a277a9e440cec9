import { types } from 'node:util';
import { type EventCatalog, eventMeta } from './catalog.ts';
import { checkObject, isRecord, partOf, refuse } from './check.ts';
import { isOutboundEventsError, OutboundEventsError } from './errors.ts';
import type { StoredEvent } from './event.ts';
import { newId } from './id.ts';
import { toJson } from './json.ts';
import { standardVariables } from './message.ts';
import type { SchemaIssue, SchemaResult } from './standard-schema.ts';

/** Options of one `emit`. */
export interface EmitOptions<Transaction = never> {
  /**
   * Makes emitting again safe: the same id with the same type and data is stored once. 1 to 64 characters of
   * `A-Z a-z 0-9 _ -`. Default: a new one, which sorts by time (RFC 9562 version 7).
   */
  readonly id?: string | undefined;
  /** When it happened: epoch ms or a Date. Default: now. */
  readonly occurredAt?: number | Date | undefined;
  /** An open transaction of the host's database to join, where the storage can. */
  readonly transaction?: Transaction | undefined;
}

/** What an event is accepted by. */
export interface AcceptContext {
  readonly catalog: EventCatalog;
  /** Wall clock, epoch ms. */
  readonly now: number;
  /** The time ages are reckoned from, epoch ms. */
  readonly acceptedAt: number;
  /** Bytes of JSON text. */
  readonly maxEventBytes: number;
}

/**
 * The event as it will be stored: known type, data that its schema accepts, plain JSON of bearable size. Throws the
 * coded error of the first thing wrong. A promise only where the host's schema answers with one.
 */
export function acceptEvent(
  type: string,
  data: unknown,
  options: EmitOptions<unknown>,
  context: AcceptContext,
): StoredEvent | Promise<StoredEvent> {
  const { catalog } = context;
  const definition = typeof type === 'string' && Object.hasOwn(catalog, type) ? catalog[type] : undefined;
  if (definition === undefined) {
    const allowed = `an event type of the catalog, one of ${Object.keys(catalog).join(', ')}`;
    return refuse('ERR_EVENT_UNKNOWN', 'type', allowed, type);
  }
  checkObject(options, 'options', ['id', 'occurredAt', 'transaction']);
  const id = options.id === undefined ? newId(context.now) : checkEventId(options.id);
  const occurredAt = options.occurredAt === undefined ? context.now : checkTime(options.occurredAt);
  const finish = (result: SchemaResult<unknown>): StoredEvent => {
    if (result.issues !== undefined) throw invalid(type, result.issues);
    return {
      id,
      type,
      version: eventMeta(catalog, type).version,
      occurredAt,
      acceptedAt: context.acceptedAt,
      data: dataText(result.value, context.maxEventBytes),
    };
  };
  const fail = (error: unknown): never => {
    throw isOutboundEventsError(error) ? error : schemaFailed(type);
  };
  try {
    const result = definition['~standard'].validate(data);
    return result instanceof Promise ? result.then(finish).catch(fail) : finish(result);
  } catch (error) {
    return fail(error);
  }
}

function dataText(value: unknown, maxEventBytes: number): string {
  const data = toJson(value);
  if (!isRecord(data)) {
    throw new OutboundEventsError('ERR_EVENT_NOT_JSON', 'data must be an object of variables by name', {
      field: 'data',
    });
  }
  for (const name of standardVariables) {
    if (Object.hasOwn(data, name)) {
      throw new OutboundEventsError(
        'ERR_EVENT_INVALID',
        `data.${name} cannot be used: every message carries its own ${name}`,
        { field: `data.${name}` },
      );
    }
  }
  const text = JSON.stringify(data);
  const bytes = Buffer.byteLength(text);
  if (bytes > maxEventBytes) {
    throw new OutboundEventsError(
      'ERR_EVENT_TOO_LARGE',
      `data is ${bytes} bytes as JSON; at most ${maxEventBytes} are allowed (maxEventBytes)`,
      { field: 'data' },
    );
  }
  return text;
}

const mostIssues = 5;
const longestIssue = 200;

function invalid(type: string, issues: readonly SchemaIssue[]): OutboundEventsError {
  const told = issues.slice(0, mostIssues).map((issue) => {
    const message = issue.message.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').slice(0, longestIssue);
    return { place: placeOf(issue), message };
  });
  const list = told.map(({ place, message }) => `${place} ${message}`).join('; ');
  return new OutboundEventsError('ERR_EVENT_INVALID', `data of ${type} is not valid: ${list}`, {
    field: told[0]?.place ?? 'data',
  });
}

function placeOf({ path = [] }: SchemaIssue): string {
  const keys = path.map((step) => (typeof step === 'object' ? step.key : step));
  return keys.reduce((place: string, key) => partOf(place, typeof key === 'symbol' ? String(key) : key), 'data');
}

/** Whatever it threw stays inside: it may show the data. */
function schemaFailed(type: string): OutboundEventsError {
  return new OutboundEventsError('ERR_EVENT_INVALID', `data of ${type} cannot be checked: its schema failed`, {
    field: 'data',
  });
}

function checkEventId(id: unknown): string {
  // No dot: it separates id, timestamp and body where a message is signed (Standard Webhooks).
  if (typeof id === 'string' && /^[A-Za-z0-9_-]{1,64}$/.test(id)) return id;
  return refuse('ERR_EVENT_ID', 'options.id', '1 to 64 characters of A-Z a-z 0-9 _ -', id);
}

function checkTime(value: unknown): number {
  const time = types.isDate(value) ? value.getTime() : value;
  if (typeof time === 'number' && Number.isFinite(time) && Math.abs(time) <= 8.64e15) return Math.trunc(time);
  return refuse('ERR_CONFIG_VALUE', 'options.occurredAt', 'a valid Date, or epoch milliseconds', value);
}
