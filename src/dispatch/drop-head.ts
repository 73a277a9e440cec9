import type { AttemptError } from '../core/attempt.ts';
import type { QueuedDelivery } from '../core/event.ts';
import type { Tell } from '../core/lifecycle.ts';
import type { DroppedDelivery, DropReason, LeaseRef, QueueStorage, Settlement } from '../core/storage.ts';

/** Deliveries dropped in one commit. */
const batchSize = 500;
const batchBytes = 4_000_000;

export interface DropOrder {
  readonly storage: Pick<QueueStorage, 'read'>;
  readonly settle: (settlement: Settlement) => Promise<boolean>;
  readonly tell: Tell;
  readonly lease: LeaseRef;
  /** Which deliveries go; the first that stays ends it. */
  readonly goes: (delivery: QueuedDelivery) => boolean;
  readonly reason: DropReason;
  readonly error: AttemptError | null;
  readonly now: number;
}

/**
 * Drops from the head of a queue, oldest first, each batch recorded before it is told. `false` when the lease was lost
 * on the way.
 */
export async function dropHead(order: DropOrder): Promise<boolean> {
  for (;;) {
    const head = await order.storage.read(order.lease, batchSize, batchBytes);
    const staying = head.findIndex((delivery) => !order.goes(delivery));
    const going = staying === -1 ? head : head.slice(0, staying);
    const last = going.at(-1);
    if (last === undefined) return true;
    const dropped = going.map((delivery) => droppedDelivery(order.lease.recipientId, delivery, order));
    const { recipientId, fence } = order.lease;
    if (!(await order.settle({ recipientId, fence, through: last.sequence, dropped, state: undefined }))) return false;
    const unasked = { attempt: 0, response: null, resent: false, refused: [] };
    for (const delivery of dropped) order.tell('dropped', { ...delivery, ...unasked });
  }
}

/** What is kept and told of a delivery that is given up. */
export function droppedDelivery(
  recipientId: string,
  { sequence, event }: QueuedDelivery,
  why: { readonly reason: DropReason; readonly error: AttemptError | null; readonly now: number },
): DroppedDelivery {
  return {
    recipientId,
    sequence,
    eventId: event.id,
    type: event.type,
    occurredAt: event.occurredAt,
    acceptedAt: event.acceptedAt,
    droppedAt: why.now,
    reason: why.reason,
    error: why.error,
  };
}
