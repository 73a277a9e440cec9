import type { StoredEvent } from '../../src/core/event.ts';
import { healthy, type QueueState } from '../../src/core/queue-state.ts';
import type { DroppedDelivery } from '../../src/core/storage.ts';

/** Ids that objects have as names, too; the last is never saved. */
export const recipientIds = ['crm', 'erp', '__proto__', 'crm.2', 'nobody'] as const;

/** Texts that storages could be tempted to change. */
export const settingsTexts = [
  '{}',
  '{ "name": "Größe 😀 \u0001 \' \\\\ " }',
  '{"a":1.10,"a":2,"__proto__":null}',
] as const;

/** Data of events: what is written differently is another event, and so is the same of another type. */
export const contents = [
  '{}',
  '{ }',
  '{"a":1,"b":2}',
  '{"b":2,"a":1}',
  '{"text":"e\u0301 \u00e9 😀 \u2028 \'quoted\' \\u0000"}',
  '{"a":1.10,"a":1.1,"__proto__":{}}',
  `{"text":"${'ä'.repeat(80)}"}`,
  `{"text":"${'x'.repeat(12_000)}"}`,
] as const;

const tried = { sequence: 1, attempts: 3, rejections: 0, since: 1_000 };

const states: readonly QueueState[] = [
  healthy,
  { ...healthy, owedRecovery: { since: 1, at: 2 }, head: { ...tried, progress: [] } },
  {
    failing: {
      since: 1_000,
      attempts: 3,
      nextAttemptAt: 61_000,
      askedWait: 0,
      error: { code: 'HTTP_STATUS', message: `it's "500" ${'x'.repeat(1_500)}` },
      alerts: 1,
      lastAlertAt: null,
      dropped: 0,
      droppedTold: 0,
    },
    head: { ...tried, progress: { served: ['a@example.com'], '': null } },
    owedRecovery: null,
  },
];

/** The `number`-th of a list that goes round. */
export function pick<Item>(list: readonly Item[], number: number): Item {
  return list[number % list.length] as Item;
}

export function stateOf(number: number): QueueState {
  return pick(states, number);
}

export function eventOf(number: number, content: number, acceptedAt: number): StoredEvent {
  return {
    // Ids that differ in case are different ids.
    id: number < 70 ? `event-${number}` : `Event-${number - 70}`,
    type: content < contents.length ? 'order.paid' : 'order.sent',
    version: String(content),
    occurredAt: number % 4 === 1 ? -1_000.5 : acceptedAt - 1_000.5,
    acceptedAt,
    data: pick(contents, content),
  };
}

/** Told apart by when it was recorded. */
export function droppedOf(recipientId: string, sequence: number, droppedAt: number): DroppedDelivery {
  return {
    recipientId,
    sequence,
    eventId: `event-${sequence}`,
    type: 'order.paid',
    occurredAt: -1_000,
    acceptedAt: 2_000.25,
    droppedAt,
    reason: pick(['expired', 'rejected', 'removed'], sequence),
    error: sequence % 3 === 2 ? null : { code: 'HTTP_STATUS', message: `answered ${500 + sequence}` },
  };
}
