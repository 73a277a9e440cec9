import type { SeededRandom } from '../reliability/seeded-random.ts';
import type { Outage, ReceiverFaults } from './simulated-receivers.ts';
import type { StorageFaults } from './simulated-storage.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

export const beginning = Date.UTC(2026, 0, 1);

export interface SimulatedRecipient {
  readonly id: string;
  readonly types: readonly string[];
  readonly retry: { readonly interval: number; readonly duration: number };
  readonly alerts: { readonly to: string; readonly after: number; readonly resendEvery: number };
  readonly outages: readonly Outage[];
}

/** What happens to a process besides its work. */
export type Incident = 'crash' | 'pause' | 'stop' | 'jump' | 'storage crash';

/** All that is decided before a simulation begins. */
export interface Scenario {
  readonly processes: number;
  /** How long things go wrong, ms. */
  readonly lastsMs: number;
  readonly events: number;
  readonly types: readonly string[];
  readonly recipients: readonly SimulatedRecipient[];
  readonly leaseMs: number;
  readonly storageFaults: StorageFaults;
  readonly receiverFaults: ReceiverFaults;
  readonly relayTrouble: number;
  readonly incidents: readonly { readonly at: number; readonly what: Incident }[];
  /** How far clocks of processes are apart, ms. */
  readonly clocksApartMs: number;
}

/** A scenario in which each kind of fault may be there or not: what hides behind one shows when it is away. */
export function drawScenario(random: SeededRandom, processesGiven?: number): Scenario {
  const has = (): boolean => random.percent(60);
  const chance = (most: number): number => (has() ? random.between(1, most) : 0);
  const processes = processesGiven ?? (random.percent(75) ? 1 : random.between(2, 4));
  // Several of them look for each other every second.
  const lastsMs = processes === 1 ? random.between(10, 60) * day : random.between(20, 120) * minute;
  const types = Array.from({ length: random.between(1, 4) }, (_, index) => `type_${index}`);
  const outages = has();
  const kinds = (['crash', 'pause', 'stop', 'jump', 'storage crash'] as const).filter(has);
  return {
    processes,
    lastsMs,
    events: random.between(20, 200),
    types,
    recipients: Array.from({ length: random.between(1, 12) }, (_, index) => ({
      id: `r-${index + 1}`,
      types: types.filter((_type, place) => place === index % types.length || random.percent(30)),
      retry: drawRetry(random, lastsMs),
      alerts: {
        to: 'ops@example.com',
        after: random.between(0, 30) * minute,
        resendEvery: random.between(1, 24) * hour,
      },
      outages: outages ? drawOutages(random, lastsMs) : [],
    })),
    leaseMs: processes === 1 ? random.between(10, 120) * minute : random.between(10, 60) * 1_000,
    storageFaults: { refused: chance(10), answerLost: chance(10), slow: chance(5) },
    receiverFaults: { refuses: chance(30), answerLost: chance(10), slow: chance(20) },
    relayTrouble: chance(60),
    incidents:
      kinds.length === 0
        ? []
        : Array.from({ length: random.between(1, processes === 1 ? 25 : 60) }, () => ({
            at: beginning + random.between(0, lastsMs),
            what: kinds[random.between(0, kinds.length - 1)] as Incident,
          })),
    clocksApartMs: has() ? 10 * minute : 0,
  };
}

function drawOutages(random: SeededRandom, lastsMs: number): readonly Outage[] {
  return Array.from({ length: random.between(0, 3) }, () => {
    const from = beginning + random.between(0, lastsMs);
    return { from, to: Math.min(from + random.between(1, Math.ceil(lastsMs / 4)), beginning + lastsMs) };
  });
}

/** Not too many attempts at a receiver that is away for days; some give up while it is. */
function drawRetry(random: SeededRandom, lastsMs: number): SimulatedRecipient['retry'] {
  const drawn = random.between(1, 20) * (random.percent(50) ? 1_000 : minute);
  const interval = Math.max(drawn, Math.floor(lastsMs / 3_000));
  const short = Math.floor(lastsMs / random.between(4, 40));
  return { interval, duration: random.percent(30) ? Math.max(interval, short) : 100 * day };
}
