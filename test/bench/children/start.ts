// From nothing to the first event that has arrived.
import { answerWith } from '../apart.ts';
import type { Enter, Setup } from '../contestant.ts';

export interface StartPlan {
  /** The contestant's module, and its name there. */
  readonly module: string;
  readonly name: string;
  readonly setup: Setup;
}

/** Times since the process had nothing but Node.js. */
export interface StartFigures {
  readonly importedMs: number;
  /** The storage is there, and its recipients are in it. */
  readonly readyMs: number;
  readonly startedMs: number;
  readonly storedMs: number;
  readonly deliveredMs: number;
  readonly rssMb: number;
}

answerWith(async ({ module, name, setup }: StartPlan): Promise<StartFigures> => {
  const begun = performance.now();
  const since = (): number => performance.now() - begun;
  const enter = ((await import(module)) as Record<string, Enter>)[name] as Enter;
  const importedMs = since();
  const contestant = await enter(setup);
  const readyMs = since();
  const delivered = Promise.withResolvers<void>();
  await contestant.start(delivered.resolve);
  const startedMs = since();
  await contestant.emit(0);
  const storedMs = since();
  await delivered.promise;
  const deliveredMs = since();
  await contestant.stop();
  return { importedMs, readyMs, startedMs, storedMs, deliveredMs, rssMb: process.resourceUsage().maxRSS / 1_000 };
});
