import { type EventCatalog, eventMeta } from './catalog.ts';
import { checkObject, refuse } from './check.ts';
import { OutboundEventsError } from './errors.ts';
import type { StoredEvent } from './event.ts';
import { newId } from './id.ts';
import { toJsonText } from './json.ts';
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
  const definition = Object.hasOwn(context.catalog, type) ? context.catalog[type] : undefined;
  if (definition === undefined) {
    const known = Object.keys(context.catalog).join(', ');
    throw new OutboundEventsError(
      'ERR_EVENT_UNKNOWN',
      `"${String(type).slice(0, 128)}" is not an event type of the catalog; those are ${known}`,
      {
        field: 'type',
      },
    );
  }
  checkObject(options, 'options', ['id', 'occurredAt', 'transaction']);
  const id = options.id === undefined ? newId(context.now) : checkEventId(options.id);
  const occurredAt = options.occurredAt === undefined ? context.now : checkTime(options.occurredAt);
  const finish = (result: SchemaResult<unknown>): StoredEvent => {
    if (result.issues !== undefined) throw invalid(type, result.issues);
    return {
      id,
      type,
      version: eventMeta(context.catalog, type).version,
      occurredAt,
      acceptedAt: context.acceptedAt,
      data: dataText(result.value, context.maxEventBytes),
    };
  };
  const result = definition['~standard'].validate(data);
  return result instanceof Promise ? result.then(finish) : finish(result);
}

function dataText(value: unknown, maxEventBytes: number): string {
  const text = toJsonText(value);
  if (!text.startsWith('{'))
    throw new OutboundEventsError('ERR_EVENT_NOT_JSON', 'data must be an object of variables by name', {
      field: 'data',
    });
  const bytes = Buffer.byteLength(text);
  if (bytes > maxEventBytes) {
    throw new OutboundEventsError(
      'ERR_EVENT_TOO_LARGE',
      `data is ${bytes} bytes as JSON; at most ${maxEventBytes} are allowed (maxEventBytes)`,
      {
        field: 'data',
      },
    );
  }
  for (const name of standardVariables) {
    if (Object.hasOwn(value as object, name)) {
      throw new OutboundEventsError(
        'ERR_EVENT_INVALID',
        `data.${name} cannot be used: every message carries its own ${name}`,
        { field: `data.${name}` },
      );
    }
  }
  return text;
}

function invalid(type: string, issues: readonly SchemaIssue[]): OutboundEventsError {
  const place = (issue: SchemaIssue): string =>
    ['data', ...(issue.path ?? []).map((step) => String(typeof step === 'object' ? step.key : step))].join('.');
  const told = issues.slice(0, 5).map((issue) => `${place(issue)} ${issue.message}`);
  const [first] = issues;
  return new OutboundEventsError('ERR_EVENT_INVALID', `data of ${type} is not valid: ${told.join('; ')}`, {
    field: first === undefined ? 'data' : place(first),
  });
}

function checkEventId(id: unknown): string {
  // No dot: it separates id, timestamp and body where a message is signed (Standard Webhooks).
  if (typeof id === 'string' && /^[A-Za-z0-9_-]{1,64}$/.test(id)) return id;
  return refuse('ERR_EVENT_ID', 'options.id', '1 to 64 characters of A-Z a-z 0-9 _ -', id);
}

function checkTime(value: unknown): number {
  const time = value instanceof Date ? value.getTime() : value;
  if (typeof time === 'number' && Number.isFinite(time) && Math.abs(time) <= 8.64e15) return Math.trunc(time);
  return refuse('ERR_CONFIG_VALUE', 'options.occurredAt', 'a valid Date, or epoch milliseconds', value);
}
