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
  /** Whether all is emitted before the delivering begins. */
  readonly emitsFirst: boolean;
}

export interface RaceFigures {
  readonly emitsPerSecond: number;
  readonly emitP50Ms: number;
  readonly emitP99Ms: number;
  /** Of the backlog, or of all from the first emit on. */
  readonly deliveriesPerSecond: number;
  /** CPU time of the process for each of them, ms. */
  readonly cpuMs: number;
  /** The most memory that the process ever had. */
  readonly rssMb: number;
}

answerWith(measure);

async function measure({ module, name, setup, events, callers, emitsFirst }: Race): Promise<RaceFigures> {
  const enter = ((await import(module)) as Record<string, Enter>)[name] as Enter;
  const contestant = await enter(setup);
  const all = Promise.withResolvers<void>();
  let delivered = 0;
  const count = (): void => {
    delivered += 1;
    if (delivered === events) all.resolve();
  };
  if (!emitsFirst) await contestant.start(count);
  let cpu = process.cpuUsage();
  let begun = performance.now();
  const took = await emitAll(contestant, setup.recipients, events, callers);
  const emitMs = performance.now() - begun;
  if (emitsFirst) {
    cpu = process.cpuUsage();
    begun = performance.now();
    await contestant.start(count);
  }
  await all.promise;
  const deliverMs = performance.now() - begun;
  const { user, system } = process.cpuUsage(cpu);
  await contestant.stop();
  return {
    emitsPerSecond: (events / emitMs) * 1_000,
    emitP50Ms: quantile(took, 0.5),
    emitP99Ms: quantile(took, 0.99),
    deliveriesPerSecond: (events / deliverMs) * 1_000,
    cpuMs: (user + system) / 1_000 / events,
    rssMb: process.resourceUsage().maxRSS / 1_000,
  };
}

/** So many callers that each wait for their own. */
async function emitAll(contestant: Contestant, recipients: number, events: number, callers: number): Promise<number[]> {
  const took: number[] = [];
  let emitted = 0;
  await Promise.all(
    Array.from({ length: callers }, async () => {
      while (emitted < events) {
        const recipient = emitted % recipients;
        emitted += 1;
        const called = performance.now();
        await contestant.emit(recipient);
        took.push(performance.now() - called);
      }
    }),
  );
  return took.sort((a, b) => a - b);
}
