// What one contestant delivers.
import { answerWith } from '../apart.ts';
import type { Contestant, Enter, Setup } from '../contestant.ts';
import { quantile } from '../statistics.ts';

export interface Race {
  /** The contestant's module, and its name there. */
  readonly module: string;
  readonly name: string;
  readonly setup: Setup;
  readonly events: number;
  readonly callers: number;
  /** Whether all is emitted before the delivering begins, or meanwhile. */
  readonly kind: 'drain' | 'end to end';
}

export interface RaceFigures {
  readonly emitsPerSecond: number;
  readonly emitP50Ms: number;
  readonly emitP99Ms: number;
  /** Of the backlog, or from the first emit to the last delivery. */
  readonly deliveriesPerSecond: number;
  /** CPU time of the process for each of them, ms. */
  readonly cpuMs: number;
  /** The most memory that the process ever had. */
  readonly rssMb: number;
}

answerWith(measure);

async function measure({ module, name, setup, events, callers, kind }: Race): Promise<RaceFigures> {
  const enter = ((await import(module)) as Record<string, Enter>)[name] as Enter;
  const contestant = await enter(setup);
  const emits = emitter(contestant, setup.recipients, callers);
  const delivered = new Count();
  // What is compiled, connected or fetched only when it is first used.
  const warmUp = Math.ceil(events / 4);
  const warmedUp = delivered.reaches(warmUp);
  const all = delivered.reaches(warmUp + events);

  if (kind === 'end to end') await contestant.start(delivered.add);
  await emits(warmUp);
  if (kind === 'end to end') await warmedUp;
  let stopwatch = new Stopwatch();
  const took = await emits(events);
  const emitMs = stopwatch.ms;
  if (kind === 'drain') {
    await contestant.start(delivered.add);
    await warmedUp;
    stopwatch = new Stopwatch();
  }
  await all;
  const { ms, cpuMs } = stopwatch;
  await contestant.stop();
  return {
    emitsPerSecond: (events / emitMs) * 1_000,
    emitP50Ms: quantile(took, 0.5),
    emitP99Ms: quantile(took, 0.99),
    deliveriesPerSecond: (events / ms) * 1_000,
    cpuMs: cpuMs / events,
    rssMb: process.resourceUsage().maxRSS / 1_000,
  };
}

/** Emits so many by callers that each wait for their own, and resolves with how long each took, the shortest first. */
function emitter(
  contestant: Contestant,
  recipients: number,
  callers: number,
): (events: number) => Promise<readonly number[]> {
  return async (events) => {
    const took: number[] = [];
    let emitted = 0;
    const call = async (): Promise<void> => {
      while (emitted < events) {
        const recipient = emitted % recipients;
        emitted += 1;
        const called = performance.now();
        await contestant.emit(recipient);
        took.push(performance.now() - called);
      }
    };
    await Promise.all(Array.from({ length: callers }, call));
    return took.toSorted((a, b) => a - b);
  };
}

class Count {
  #count = 0;
  readonly #waiting = new Map<number, () => void>();

  readonly add = (): void => {
    this.#count += 1;
    this.#waiting.get(this.#count)?.();
  };

  /** Resolves when it gets there. */
  reaches(count: number): Promise<void> {
    return new Promise((resolve) => this.#waiting.set(count, resolve));
  }
}

/** Time, and the CPU time of the process, since it was made. */
class Stopwatch {
  readonly #begun = performance.now();
  readonly #cpu = process.cpuUsage();

  get ms(): number {
    return performance.now() - this.#begun;
  }

  get cpuMs(): number {
    const { user, system } = process.cpuUsage(this.#cpu);
    return (user + system) / 1_000;
  }
}
