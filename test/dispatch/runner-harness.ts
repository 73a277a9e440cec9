import type { DueAlert } from '../../src/core/alert.ts';
import type { QueuedDelivery } from '../../src/core/event.ts';
import type { Failing, OwedRecovery, QueueState } from '../../src/core/queue-state.ts';
import type { Recipient } from '../../src/core/recipient.ts';
import type { Settlement } from '../../src/core/storage.ts';
import type { Attempt, SendResult } from '../../src/core/transport.ts';
import { type LeaseEnd, leaseEnd } from '../../src/dispatch/lease-end.ts';
import { QueueRunner } from '../../src/dispatch/queue-runner.ts';
import { Slots } from '../../src/dispatch/slots.ts';
import { delivered, httpRecipient, ManualClock, storedEvent } from '../../src/testing.ts';
import { failedThrice } from '../core/failing.ts';
import { day, minute } from './harness.ts';

interface Answers {
  /** Given what the queue holds. */
  read: (queue: readonly QueuedDelivery[]) => readonly QueuedDelivery[] | Promise<readonly QueuedDelivery[]>;
  settle: () => boolean | Promise<boolean>;
  confirm: () => LeaseEnd | null | Promise<LeaseEnd | null>;
  send: (attempt: Attempt, signal: AbortSignal) => SendResult | Promise<SendResult>;
}

interface Situation extends Partial<Answers> {
  /** So many deliveries wait. */
  readonly queued?: number;
  /** When they were accepted, after the beginning; at the beginning unless told otherwise. */
  readonly acceptedAfter?: (sequence: number) => number;
  readonly recipient?: Recipient;
  readonly state?: QueueState;
  readonly leaseFor?: number;
  readonly slots?: number;
}

/** When each test begins. */
export const now = new ManualClock().now();

export const lease = { recipientId: 'crm', fence: 7 };

/**
 * A runner on the queue of `crm` that was not woken yet. What it asks of others, and what it tells, is in `calls`; deliveries
 * are called by their sequence numbers.
 */
export function setUp({ queued = 1, acceptedAfter = () => 0, ...situation }: Situation = {}) {
  const clock = new ManualClock();
  const slots = new Slots(situation.slots ?? 2, clock);
  const { recipient = httpRecipient(), state = null, leaseFor = 30 * day } = situation;
  let queue: readonly QueuedDelivery[] = [];
  let last = 0;
  const append = (): void => {
    last += 1;
    const event = storedEvent({ id: `event-${last}`, acceptedAt: now + acceptedAfter(last) });
    queue = [...queue, { sequence: last, event }];
  };
  while (last < queued) append();
  const calls: string[] = [];
  const attempts: Attempt[] = [];
  const settled: Settlement[] = [];
  const told: unknown[] = [];
  const answers: Answers = {
    read: (all) => all,
    settle: () => true,
    confirm: () => null,
    send: () => delivered(),
    ...situation,
  };
  const wrongLease = (one: { recipientId: string; fence: number }): string =>
    one.recipientId === lease.recipientId && one.fence === lease.fence ? '' : ' under another lease';
  const wrongRunner = (one: QueueRunner): string => (one === runner ? '' : ' of another runner');
  const runner: QueueRunner = new QueueRunner(
    {
      storage: {
        read: async (ref, limit, maxBytes) => {
          calls.push(`read ${limit}, ${maxBytes} bytes${wrongLease(ref)}`);
          return (await answers.read(queue)).slice(0, limit);
        },
      },
      settle: async (settlement) => {
        calls.push(`settle ${settlement.through}${wrongLease(settlement)}`);
        settled.push(settlement);
        const isKept = await answers.settle();
        if (isKept) queue = queue.filter(({ sequence }) => sequence > settlement.through);
        return isKept;
      },
      confirm: async (ref) => {
        calls.push(`confirm${wrongLease(ref)}`);
        return answers.confirm();
      },
      send: async (attempt, signal) => {
        calls.push(`send ${attempt.delivery.sequence}`);
        attempts.push(attempt);
        return answers.send(attempt, signal);
      },
      clock,
      slots,
      tell: (name, payload) => {
        calls.push('sequence' in payload ? `${name} ${payload.sequence}` : name);
        told.push(payload);
      },
      changed: (one) => void calls.push(`changed${wrongRunner(one)}`),
      lost: (one) => void calls.push(`lost${wrongRunner(one)}`),
    },
    recipient,
    { ...lease, state },
    leaseEnd(clock, leaseFor),
  );
  return {
    runner,
    clock,
    slots,
    answers,
    append,
    attempts,
    settled,
    told,
    /** What was called since the last time. */
    heard: (): readonly string[] => calls.splice(0),
    /** Wakes it, and lets it do what there is to do. */
    work: async (): Promise<void> => {
      runner.wake();
      await clock.advance(0);
    },
    /** The mail that its state asks for. */
    alert: (): DueAlert => {
      const { failing, owedRecovery } = runner.state;
      const to = ['ops@example.com'];
      if (failing !== null) return { about: 'failing', to, failing };
      return { about: 'recovered', to, recovery: owedRecovery as OwedRecovery };
    },
    /** Takes a slot for another recipient, or a place in line for one. Resolves with the way to give it back. */
    takeSlot: (): Promise<() => void> => {
      const { promise, resolve } = Promise.withResolvers<() => void>();
      slots.lineUp({ failing: false, begin: resolve });
      return promise;
    },
  };
}

export const readHead = 'read 32, 262144 bytes';

/** The state of a recipient whose recovery is still to be told by mail. */
export const owingState: QueueState = { failing: null, head: null, owedRecovery: { since: now, at: now } };

/** A state as it is a minute before the next attempt at delivery 1, of which three have failed. */
export function failingState(fields: Partial<Failing> = {}): QueueState {
  const failing = { ...failedThrice(now - 3 * minute, now + minute), ...fields };
  const head = { sequence: 1, attempts: 3, rejections: 0, since: now - 3 * minute, progress: { served: ['a'] } };
  return { failing, head, owedRecovery: null };
}
