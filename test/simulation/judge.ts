import { createHash } from 'node:crypto';
import { check, type Figures } from '../reliability/checker.ts';
import type { History, ObservedDrop, ObservedRequest } from '../reliability/history.ts';
import { type SentAlert, wrongAlerts } from './alert-rules.ts';
import type { SimulatedRecipient } from './scenario.ts';

export interface Emission {
  readonly number: number;
  readonly type: string;
  acknowledged: boolean;
  /** Whose calls it was among; its own when it was emitted again later. */
  emitter: string;
}

/** All that was seen of a simulation. */
export interface Seen {
  readonly recipients: readonly SimulatedRecipient[];
  /** In the order of the calls. */
  readonly emissions: readonly Emission[];
  readonly requests: readonly ObservedRequest[];
  /** Attempts of who did not hold the lease. */
  readonly unheld: readonly string[];
  /** As they were recorded. */
  readonly drops: readonly ObservedDrop[];
  /** As they were told: recipient and sequence number. */
  readonly toldDrops: readonly string[];
  readonly alerts: readonly SentAlert[];
  /** When each life of a process ended. */
  readonly ends: ReadonlyMap<number, number>;
}

export interface Judgement {
  readonly wrong: readonly string[];
  readonly figures: Figures;
  /** Of all that was seen. */
  readonly hash: string;
}

/** Holds what was seen against the promise. */
export function judge(seen: Seen): Judgement {
  const { recipients, requests, drops, alerts, ends } = seen;
  const history: History = {
    recipients: recipients.map(({ id, retry }) => ({ id, retryIntervalMs: retry.interval })),
    emits: seen.emissions.map(({ number, type, emitter, acknowledged }) => ({
      eventId: `event-${number}`,
      emitter,
      acknowledged,
      bodies: new Map(
        recipients.filter(({ types }) => types.includes(type)).map(({ id }) => [id, JSON.stringify({ number })]),
      ),
    })),
    requests,
    drops,
    ends,
    // Clocks that follow the storage's are some answers' time behind.
    toleranceMs: 500,
  };
  const { violations, figures } = check(history);
  const wrong = [
    ...violations.map(({ kind, recipientId, what }) => `${kind}: ${recipientId} ${what}`),
    ...seen.unheld.map((what) => `an attempt without a lease: ${what}`),
    ...wrongDrops(seen),
    ...wrongAlerts(alerts, new Map(recipients.map(({ id, alerts: policy }) => [id, policy]))),
  ];
  const log = JSON.stringify([requests, drops, alerts, wrong]);
  return { wrong, figures, hash: createHash('sha256').update(log).digest('hex') };
}

function wrongDrops({ drops, toldDrops }: Seen): readonly string[] {
  const recorded = new Set(drops.map(({ recipientId, sequence }) => `${recipientId} ${sequence}`));
  const told = new Set<string>();
  return toldDrops.flatMap((drop) => {
    const wrong = told.has(drop) ? 'told twice' : recorded.has(drop) ? null : 'told, but not recorded';
    told.add(drop);
    return wrong === null ? [] : [`a drop was ${wrong}: ${drop}`];
  });
}
