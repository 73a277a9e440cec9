import type { AttemptError } from '../core/attempt.ts';
import type { QueuedDelivery } from '../core/event.ts';
import type { QueueState } from '../core/queue-state.ts';
import type { DroppedDelivery, DropReason, Lease, QueueStats } from '../core/storage.ts';

/** What the functions of the schema answer with, and what it means. */
export type LeaseRow = readonly [recipientId: string, fence: number, state: string | null];

export function leaseOf([recipientId, fence, state]: LeaseRow): Lease {
  return { recipientId, fence, state: parse(state) };
}

export type ReadRow = readonly [
  sequence: number,
  id: string,
  type: string,
  version: string,
  occurredAt: number,
  acceptedAt: number,
  data: string,
];

export function deliveryOf([sequence, id, type, version, occurredAt, acceptedAt, data]: ReadRow): QueuedDelivery {
  return { sequence, event: { id, type, version, occurredAt, acceptedAt, data } };
}

export type StatsRow = readonly [recipientId: string, queued: number, state: string | null, oldestAt: number | null];

export function statsOf([recipientId, queued, state, oldestAt]: StatsRow): QueueStats {
  return { recipientId, queued, oldestAt, state: parse(state) };
}

export type DroppedRow = readonly [
  recipientId: string,
  sequence: number,
  eventId: string,
  type: string,
  occurredAt: number,
  acceptedAt: number,
  droppedAt: number,
  reason: DropReason,
  error: string | null,
];

export function droppedOf(row: DroppedRow): DroppedDelivery {
  const [recipientId, sequence, eventId, type, occurredAt, acceptedAt, droppedAt, reason, error] = row;
  const parsed = error === null ? null : (JSON.parse(error) as AttemptError);
  return { recipientId, sequence, eventId, type, occurredAt, acceptedAt, droppedAt, reason, error: parsed };
}

function parse(state: string | null): QueueState | null {
  return state === null ? null : (JSON.parse(state) as QueueState);
}
