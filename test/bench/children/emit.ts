// How fast one contestant stores events, and what that costs the thread of its host.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { answerWith } from '../apart.ts';
import type { Contestant, Enter, Setup } from '../contestant.ts';
import { quantile } from '../statistics.ts';

export interface EmitPlan {
  /** The contestant's module, and its name there. */
  readonly module: string;
  readonly name: string;
  readonly setup: Setup;
  /** So many callers that each wait for their own, or so many emits a second, awaited or not. */
  readonly load: { readonly callers: number } | { readonly perSecond: number };
  readonly seconds: number;
}

export interface EmitFigures {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** CPU time of the host's thread for each emit. */
  readonly hostMsPerEmit: number;
  /** How late its event loop was; about 1 when nothing holds it up, which is how often it is looked at. */
  readonly loopDelayP99Ms: number;
}

answerWith(measure);

async function measure({ module, name, setup, load, seconds }: EmitPlan): Promise<EmitFigures> {
  const enter = ((await import(module)) as Record<string, Enter>)[name] as Enter;
  const contestant = await enter(setup);
  const emit = emitter(contestant, setup.recipients);
  const run =
    'callers' in load ? (s: number) => inTurn(emit, load.callers, s) : (s: number) => paced(emit, load.perSecond, s);
  // What is compiled, connected or opened only when it is first used.
  await run(seconds / 4);
  const delays = monitorEventLoopDelay({ resolution: 1 });
  const begun = performance.now();
  const cpu = process.threadCpuUsage();
  delays.enable();
  const took = (await run(seconds)).toSorted((a, b) => a - b);
  delays.disable();
  const { user, system } = process.threadCpuUsage(cpu);
  const elapsed = performance.now() - begun;
  await contestant.stop();
  return {
    perSecond: (took.length / elapsed) * 1_000,
    p50Ms: quantile(took, 0.5),
    p99Ms: quantile(took, 0.99),
    hostMsPerEmit: (user + system) / 1_000 / took.length,
    loopDelayP99Ms: delays.percentile(99) / 1e6,
  };
}

/** Emits for one recipient after the other, and resolves with how long it took. */
function emitter(contestant: Contestant, recipients: number): () => Promise<number> {
  let emitted = 0;
  return async () => {
    const called = performance.now();
    emitted += 1;
    await contestant.emit(emitted % recipients);
    return performance.now() - called;
  };
}

async function inTurn(emit: () => Promise<number>, callers: number, seconds: number): Promise<number[]> {
  const took: number[] = [];
  const end = performance.now() + seconds * 1_000;
  await Promise.all(
    Array.from({ length: callers }, async () => {
      while (performance.now() < end) took.push(await emit());
    }),
  );
  return took;
}

async function paced(emit: () => Promise<number>, perSecond: number, seconds: number): Promise<number[]> {
  const all: Promise<number>[] = [];
  const begun = performance.now();
  for (let elapsed = 0; elapsed < seconds; elapsed = (performance.now() - begun) / 1_000) {
    while (all.length < elapsed * perSecond) all.push(emit());
    await sleep(1);
  }
  return Promise.all(all);
}
