import { hash } from 'node:crypto';
import type { HttpRecipientInput } from '../../src/index.ts';
import { defineEvents, event } from '../../src/index.ts';
import type { SeededRandom } from './seeded-random.ts';

const order = event<{ number: number; text: string }>();

export const catalog = defineEvents({
  'order.placed': order,
  'order.paid': order,
  'order.packed': order,
  'order.sent': order,
  'order.closed': order,
  'order.changed': order,
  'order.delayed': order,
  'order.returned': order,
  'order.refunded': order,
  'order.cancelled': order,
});

type LoadType = keyof typeof catalog;

const types = Object.keys(catalog) as LoadType[];

/** An event as the parent process has it emitted, and as it is emitted again when it was not acknowledged. */
export interface LoadEvent {
  readonly id: string;
  readonly type: LoadType;
  readonly occurredAt: number;
  readonly data: { readonly number: number; readonly text: string };
}

/** A recipient of one event type. */
export type LoadRecipient = Omit<HttpRecipientInput<typeof catalog>, 'id' | 'url' | 'events' | 'format'> & {
  readonly id: string;
  readonly events: LoadType;
  readonly format: 'form' | 'json';
};

/** Recipients that together want so many types, each as often as the others. */
export function loadRecipients(count: number, typeCount = 5): readonly LoadRecipient[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `r-${index + 1}`,
    name: `Recipient ${index + 1}`,
    events: types[index % typeCount] as LoadType,
    format: index % 2 === 0 ? 'form' : 'json',
    retry: { interval: 150, duration: '3d' },
  }));
}

/** How many types these recipients want. */
export function countTypes(recipients: readonly LoadRecipient[]): number {
  return new Set(recipients.map(({ events }) => events)).size;
}

/** The event of a number, of one of so many types, up to 2 KB, with what forms and JSON have to escape. */
export function loadEvent(number: number, random: SeededRandom, typeCount: number): LoadEvent {
  return {
    id: `event-${number}`,
    type: types[random.between(0, typeCount - 1)] as LoadType,
    occurredAt: Date.UTC(2026, 0, 1) + number * 1_000,
    data: { number, text: 'ä&=+% "\\\n🚚 '.repeat(random.between(0, 130)) },
  };
}

/** SHA-256 of the body that a recipient of this format is to receive. */
export function bodyHash({ id, type, occurredAt, data }: LoadEvent, format: 'form' | 'json'): string {
  const standard = { event: type, version: '1', timestamp: occurredAt / 1_000 };
  return hash('sha256', format === 'json' ? JSON.stringify({ id, ...standard, data }) : form({ ...standard, ...data }));
}

function form(fields: Readonly<Record<string, string | number>>): string {
  const pairs = Object.entries(fields).map(([name, value]): [string, string] => [name, String(value)]);
  return new URLSearchParams(pairs).toString();
}

/** How long a receiver takes: mostly little; now and then long enough to outlive the process that waits for the answer. */
export function latencyMs(random: SeededRandom): number {
  return random.percent(5) ? random.between(20, 60) : random.between(0, 4);
}
