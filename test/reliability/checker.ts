import type { History, ObservedDrop, ObservedEmit, ObservedRequest } from './history.ts';

/**
 * How a history can break the promise:
 * - `lost`: acknowledged, but neither answered with 200 nor dropped.
 * - `unexpected`: received without having been emitted for this recipient.
 * - `altered`: received with another body than the event's.
 * - `renumbered`: one event under two sequence numbers, or two events under one.
 * - `gap`: a sequence number that nothing came under, below one that something came under.
 * - `misplaced`: numbered in another order than its emitter's.
 * - `overtaken`: another delivery was sent before this one had its 200 or was dropped.
 * - `duplicated`: sent again after its 200, although that was recorded or the life that got it had not ended; or more than
 *   one delivery was, to one recipient, because of one end.
 * - `regressed`: sent again after a later delivery to this recipient had been sent.
 * - `revived`: sent after it had been dropped.
 * - `miscounted`: an attempt whose number does not follow from the attempt before.
 * - `hurried`: sent again before the retry interval was over.
 */
export type ViolationKind =
  | 'lost'
  | 'unexpected'
  | 'altered'
  | 'renumbered'
  | 'gap'
  | 'misplaced'
  | 'overtaken'
  | 'duplicated'
  | 'regressed'
  | 'revived'
  | 'miscounted'
  | 'hurried';

export interface Violation {
  readonly kind: ViolationKind;
  readonly recipientId: string;
  /** The event, or the sequence number where there is none. */
  readonly what: string;
}

export interface Verdict {
  readonly violations: readonly Violation[];
  readonly figures: Figures;
}

/** Deliveries are counted for each recipient of an event. */
export interface Figures {
  readonly acknowledged: number;
  readonly requests: number;
  /** Answered with anything but 200. */
  readonly refused: number;
  readonly dropped: number;
  /** Deliveries that were sent again after their 200, once for each end of a life that led to it. */
  readonly repeated: number;
}

/** Holds a history against the promise: nothing lost, nothing unexpected, in order, duplicates only where a process ended. */
export function check(history: History): Verdict {
  const ids = new Set([...history.recipients.map(({ id }) => id), ...history.requests.map((one) => one.recipientId)]);
  const lines = Array.from(ids, (id) => lineOf(history, id));
  const violations = lines.flatMap((line) =>
    Object.entries(rules).flatMap(([kind, broken]) =>
      broken(line).map((what) => ({ kind: kind as ViolationKind, recipientId: line.recipientId, what })),
    ),
  );
  const total = (count: (line: Line) => number): number => lines.reduce((sum, line) => sum + count(line), 0);
  return {
    violations,
    figures: {
      acknowledged: total(({ expected }) => [...expected.values()].filter((one) => one.acknowledged).length),
      requests: history.requests.length,
      refused: history.requests.filter(({ answer }) => answer !== null && answer.status !== 200).length,
      dropped: history.drops.length,
      repeated: total((line) => repetitions(line).length),
    },
  };
}

/** All that concerns one recipient. */
interface Line {
  readonly recipientId: string;
  readonly retryIntervalMs: number;
  /** By event id, in the order of the calls. */
  readonly expected: ReadonlyMap<string, ObservedEmit>;
  /** In the order they began. */
  readonly requests: readonly ObservedRequest[];
  readonly drops: readonly ObservedDrop[];
  readonly ends: ReadonlyMap<number, number>;
  readonly toleranceMs: number;
  /** The requests by event id. */
  readonly deliveries: ReadonlyMap<string, readonly ObservedRequest[]>;
  /** What came under each sequence number, in ascending order. */
  readonly numbered: ReadonlyMap<number, string>;
}

function lineOf(history: History, recipientId: string): Line {
  const emits = history.emits.filter(({ bodies }) => bodies.has(recipientId));
  const requests = history.requests.filter((request) => request.recipientId === recipientId);
  const drops = history.drops.filter((drop) => drop.recipientId === recipientId);
  const seen = [...requests, ...drops].sort((one, other) => one.sequence - other.sequence);
  return {
    recipientId,
    retryIntervalMs: history.recipients.find(({ id }) => id === recipientId)?.retryIntervalMs ?? 0,
    expected: new Map(emits.map((emit) => [emit.eventId, emit])),
    requests,
    drops,
    ends: history.ends,
    toleranceMs: history.toleranceMs,
    deliveries: Map.groupBy(requests, ({ eventId }) => eventId),
    numbered: new Map(seen.map(({ sequence, eventId }) => [sequence, eventId])),
  };
}

/** What of a line breaks each rule. */
const rules: Readonly<Record<ViolationKind, (line: Line) => readonly string[]>> = {
  lost: ({ expected, deliveries, drops }) => {
    const dropped = new Set(drops.map(({ eventId }) => eventId));
    const arrived = (eventId: string): boolean => deliveries.get(eventId)?.some(isAccepted) ?? false;
    return [...expected.values()]
      .filter(({ eventId, acknowledged }) => acknowledged && !dropped.has(eventId) && !arrived(eventId))
      .map(({ eventId }) => eventId);
  },

  unexpected: ({ expected, deliveries }) => [...deliveries.keys()].filter((eventId) => !expected.has(eventId)),

  altered: ({ recipientId, expected, requests }) =>
    requests
      .filter(({ eventId, body }) => {
        const emit = expected.get(eventId);
        return emit !== undefined && body !== null && body !== emit.bodies.get(recipientId);
      })
      .map(({ eventId }) => eventId),

  renumbered: ({ requests, drops, numbered }) => {
    const numbers = new Map(Array.from(numbered, ([sequence, eventId]) => [eventId, sequence]));
    return distinct(
      [...requests, ...drops]
        .filter(({ sequence, eventId }) => numbered.get(sequence) !== eventId || numbers.get(eventId) !== sequence)
        .map(({ eventId }) => eventId),
    );
  },

  gap: ({ numbered }) => {
    const highest = [...numbered.keys()].at(-1) ?? 0;
    return Array.from({ length: highest }, (_, index) => index + 1)
      .filter((sequence) => !numbered.has(sequence))
      .map(String);
  },

  misplaced: ({ expected, numbered }) => {
    const places = new Map(Array.from(expected.keys(), (eventId, place) => [eventId, place]));
    const known = [...numbered.values()].filter((eventId) => places.has(eventId));
    const place = (eventId: string | undefined): number => places.get(eventId ?? '') ?? -1;
    const perEmitter = Map.groupBy(known, (eventId) => expected.get(eventId)?.emitter);
    return Array.from(perEmitter.values(), (own) =>
      own.filter((eventId, index) => place(eventId) < place(own[index - 1])),
    ).flat();
  },

  overtaken: ({ requests, drops, numbered }) => {
    const settledAt = new Map(drops.map(({ sequence, at }) => [sequence, at]));
    for (const { sequence, answer } of requests) {
      if (answer?.status !== 200) continue;
      settledAt.set(sequence, Math.min(answer.at, settledAt.get(sequence) ?? answer.at));
    }
    return distinct(
      requests
        .filter(({ sequence, beganAt }) => {
          const ahead = sequence - 1;
          return numbered.has(ahead) && beganAt < (settledAt.get(ahead) ?? Number.POSITIVE_INFINITY);
        })
        .map(({ sequence }) => numbered.get(sequence - 1) as string),
    );
  },

  duplicated: (line) => {
    const forNoReason = pairs(line).filter(
      ([before, after]) => isAccepted(before) && (before.isRecorded || !hasEnded(line, before, after)),
    );
    const perEnd = Map.groupBy(repetitions(line), ([before]) => before.life);
    const tooMany = Array.from(perEnd.values(), (repeated) => repeated.slice(1)).flat();
    return [...forNoReason, ...tooMany].map(([, { eventId }]) => eventId);
  },

  regressed: ({ requests }) => {
    let highest = 0;
    return requests
      .filter(({ sequence }) => {
        highest = Math.max(highest, sequence);
        return sequence < highest;
      })
      .map(({ eventId }) => eventId);
  },

  revived: ({ requests, drops }) => {
    const droppedAt = new Map(drops.map(({ eventId, at }) => [eventId, at]));
    return requests
      .filter(({ eventId, beganAt }) => beganAt > (droppedAt.get(eventId) ?? Number.POSITIVE_INFINITY))
      .map(({ eventId }) => eventId);
  },

  miscounted: (line) =>
    [
      ...Array.from(line.deliveries.values(), ([first]) => first as ObservedRequest).filter(
        ({ attempt }) => attempt !== 1,
      ),
      // An attempt that could not be recorded before its life ended is made again under its number.
      ...pairs(line)
        .filter(([before, after]) => {
          const mayBeMadeAgain = !before.isRecorded && hasEnded(line, before, after);
          return after.attempt !== before.attempt + 1 && !(mayBeMadeAgain && after.attempt === before.attempt);
        })
        .map(([, after]) => after),
    ].map(({ eventId }) => eventId),

  hurried: (line) =>
    pairs(line)
      .filter(([before, after]) => {
        const isRecorded = after.attempt > before.attempt && before.answer !== null;
        return isRecorded && after.beganAt - before.answer.at < line.retryIntervalMs - line.toleranceMs;
      })
      .map(([, { eventId }]) => eventId),
};

function isAccepted({ answer }: ObservedRequest): boolean {
  return answer?.status === 200;
}

type Pair = readonly [before: ObservedRequest, after: ObservedRequest];

/** Whether the life that sent the one had ended when another one sent the other. */
function hasEnded({ ends }: Line, ...[before, after]: Pair): boolean {
  return before.life !== after.life && (ends.get(before.life) ?? Number.POSITIVE_INFINITY) <= after.beganAt;
}

/** Each request with the one before it for the same delivery. */
function pairs({ deliveries }: Line): readonly Pair[] {
  return [...deliveries.values()].flatMap((requests) =>
    requests.slice(1).map((after, index) => [requests[index] as ObservedRequest, after] as const),
  );
}

/** Requests for deliveries that had had their 200, each with the one before it, which another life sent and did not record. */
function repetitions(line: Line): readonly Pair[] {
  const accepted = new Set<string>();
  return pairs(line).filter(([before, { life }]) => {
    if (isAccepted(before)) accepted.add(before.eventId);
    return accepted.has(before.eventId) && before.life !== life && !before.isRecorded;
  });
}

function distinct(values: readonly string[]): readonly string[] {
  return [...new Set(values)];
}
