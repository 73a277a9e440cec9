import { defineEvents, event } from '../../src/core/catalog.ts';
import type { SchemaResult } from '../../src/core/standard-schema.ts';
import type { AppendOptions, AppendResult, NewEntry, QueueStorage } from '../../src/core/storage.ts';
import { Inbox } from '../../src/dispatch/inbox.ts';
import { day } from './harness.ts';

export type Results = readonly AppendResult[];

interface Situation {
  append: (entries: readonly NewEntry[]) => Results | Promise<Results>;
  opening: Promise<void> | null;
  acceptedAt: number;
  /** Those who want `order.paid` and `order.checked`. */
  recipientIds: readonly string[];
}

interface Emit {
  readonly type?: string;
  readonly data?: object;
  readonly transaction?: string;
}

export const mib = 1024 * 1024;

export function storeAll(entries: readonly NewEntry[]): Results {
  return entries.map(({ recipientIds }) => ({ status: 'stored', recipientIds }));
}

/**
 * An inbox for events that are emitted with their ids. The schema of `order.checked` answers by hand, in `checks`; nobody wants
 * `order.seen`. What goes to the storage is in `appended`, and by its ids in `appends`.
 */
export function setUp(given: Partial<Situation> = {}) {
  const situation: Situation = {
    append: storeAll,
    opening: null,
    acceptedAt: 10 * day,
    recipientIds: ['crm', 'shop'],
    ...given,
  };
  const checks: PromiseWithResolvers<SchemaResult<object>>[] = [];
  const validate = (): Promise<SchemaResult<object>> => {
    const check = Promise.withResolvers<SchemaResult<object>>();
    checks.push(check);
    return check.promise;
  };
  const catalog = defineEvents({
    'order.paid': event<object>(),
    'order.checked': { '~standard': { version: 1, vendor: 'by hand', validate } },
    'order.seen': event<object>(),
  });
  const appended: { readonly entries: readonly NewEntry[]; readonly options: AppendOptions<string> }[] = [];
  const appends: string[] = [];
  const told: (readonly string[])[] = [];
  const inbox = new Inbox<string>({
    storage: {
      append: async (entries, options) => {
        appended.push({ entries, options });
        const within = options.transaction === undefined ? '' : ` in ${options.transaction}`;
        appends.push(`${entries.map((entry) => entry.event.id).join()}${within}`);
        return situation.append(entries);
      },
    } as QueueStorage<string>,
    opening: () => situation.opening,
    accept: () => ({ catalog, now: 1_000, acceptedAt: situation.acceptedAt, maxEventBytes: 32 * mib }),
    recipientsOf: (type) => (type === 'order.seen' ? [] : situation.recipientIds),
    rememberEventIds: 7 * day,
    stored: (recipientIds) => told.push(recipientIds),
  });
  return {
    inbox,
    situation,
    checks,
    appended,
    appends,
    told,
    emit: (id: string, { type = 'order.paid', data = {}, transaction }: Emit = {}) =>
      inbox.emit(type, data, { id, transaction }),
    /** The ids of the events that went to the storage, in order. */
    ids: () => appended.flatMap(({ entries }) => entries.map((entry) => entry.event.id)),
  };
}

/** So long that all that can go on without an answer has. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
