import type { SeededRandom } from './seeded-random.ts';

/**
 * What can be noticed of a host from outside: that it begins to open its file; that it has started; that it was told to
 * emit some events; that it acknowledged one; that a request of its reached a receiver; that a 200 was written.
 */
export type Incident = 'starting' | 'started' | 'emit' | 'acknowledgement' | 'request' | 'delivery';

/** When a host is killed: so long after such an incident has come so often. */
export interface KillMoment {
  readonly incident: Incident;
  readonly count: number;
  readonly ms: number;
  /** Whether it is told to emit before, or only to deliver what waits. */
  readonly emits: boolean;
}

/** As many events as a host is told to emit at a time. */
export const largestEmit = 32;

/** Moments of every kind, half of them 50 to 500 ms after the start. `events` is how many each host can be told to emit. */
export function killMoments(random: SeededRandom, kills: number, events: number): readonly KillMoment[] {
  return Array.from({ length: kills }, () => killMoment(random, events));
}

function killMoment(random: SeededRandom, events: number): KillMoment {
  const dice = random.between(1, 10);
  if (dice <= 5) {
    return { incident: 'started', count: 1, ms: random.between(50, 500), emits: random.percent(70) };
  }
  const moment = { count: random.between(1, events), ms: random.between(0, 3), emits: true };
  switch (dice) {
    case 6:
      return { incident: 'starting', count: 1, ms: random.between(0, 250), emits: random.percent(50) };
    case 7:
      return { ...moment, incident: 'acknowledgement' };
    case 8:
      return { ...moment, incident: 'request' };
    case 9:
      return { ...moment, incident: 'delivery' };
    default:
      return { ...moment, incident: 'emit', count: random.between(1, Math.ceil(events / largestEmit)) };
  }
}
