import type { QueueStorage, Relay, Settlement } from '../../src/index.ts';
import type { SeededRandom } from './seeded-random.ts';

interface Passage {
  readonly method: keyof QueueStorage | keyof Relay;
  /** Whether the host dies as the call is made, as soon as it is made, or with its answer. */
  readonly moment: 'before' | 'during' | 'after';
  /** Whether each host does it once only. */
  readonly isUnique?: boolean;
  /** Which calls of `settle` are meant. Default: all. */
  readonly concerns?: (settlements: readonly Settlement[]) => boolean;
}

const isDelivered = ({ through, dropped }: Settlement): boolean => through > 0 && dropped.length === 0;
const isFailure = ({ through, state }: Settlement): boolean => through === 0 && state !== undefined;
const isDrop = ({ dropped }: Settlement): boolean => dropped.length > 0;
const some = (is: (settlement: Settlement) => boolean) => (settlements: readonly Settlement[]) => settlements.some(is);

/** Where a host dies: each of them between two steps that belong together. */
const points = {
  'a recipient is stored, and its host does not know': { method: 'saveRecipient', moment: 'after' },
  'leases are taken, and nothing is begun': { method: 'claim', moment: 'after', isUnique: true },
  'leases are renewed': { method: 'renew', moment: 'after' },
  'an event is about to be stored': { method: 'append', moment: 'before' },
  'an event is being stored': { method: 'append', moment: 'during' },
  'an event is stored, and not acknowledged': { method: 'append', moment: 'after' },
  'an attempt is about to be made': { method: 'read', moment: 'after' },
  'a 200 has come, and is not recorded': { method: 'settle', moment: 'before', concerns: some(isDelivered) },
  'a 200 is being recorded': { method: 'settle', moment: 'during', concerns: some(isDelivered) },
  'a 200 is recorded, and the next delivery not begun': {
    method: 'settle',
    moment: 'after',
    concerns: some(isDelivered),
  },
  'an attempt has failed, and that is not recorded': { method: 'settle', moment: 'before', concerns: some(isFailure) },
  'a drop is decided, and not recorded': { method: 'settle', moment: 'before', concerns: some(isDrop) },
  'a drop is being recorded': { method: 'settle', moment: 'during', concerns: some(isDrop) },
  'a drop is recorded, and not told': { method: 'settle', moment: 'after', concerns: some(isDrop) },
  'an alert is mailed, and that is not recorded': { method: 'sendAlert', moment: 'after' },
} as const satisfies Readonly<Record<string, Passage>>;

type PointName = keyof typeof points;

/** A host dies where it has come to a point so often. */
export interface KillPoint {
  readonly point: PointName;
  readonly count: number;
}

/** Each point so many times, in any order. */
export function killPoints(random: SeededRandom, times: number): readonly KillPoint[] {
  const names = Object.keys(points) as readonly PointName[];
  return names
    .flatMap((point) => Array.from({ length: times }, () => ({ point, turn: random.fraction() })))
    .sort((one, other) => one.turn - other.turn)
    .map(({ point }) => {
      const { isUnique = false }: Passage = points[point];
      return { point, count: isUnique ? 1 : random.between(1, 2) };
    });
}

/** A storage or a relay whose process dies there. */
export function dieAt<Part extends QueueStorage | Relay>({ point, count }: KillPoint, part: Part): Part {
  const { method, moment, concerns }: Passage = points[point];
  let left = count;
  return new Proxy(part, {
    get: (_, name) => {
      const own = Reflect.get(part, name) as (...args: unknown[]) => unknown;
      if (name !== method) return own.bind(part);
      return async (...args: unknown[]) => {
        if (concerns?.(args[0] as readonly Settlement[]) ?? true) left -= 1;
        else return own.apply(part, args);
        const dies = left === 0;
        if (dies && moment === 'before') die();
        const answer = own.apply(part, args);
        if (dies && moment === 'during') die();
        await answer;
        if (dies) die();
        return answer;
      };
    },
  });
}

function die(): void {
  process.kill(process.pid, 'SIGKILL');
}
