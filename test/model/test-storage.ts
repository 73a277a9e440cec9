import { expect, test } from 'vitest';
import { holdAgainstModel } from './hold-against-model.ts';
import type { SubjectFor } from './run-commands.ts';

const isLong = process.env.TEST_LENGTH === 'long';
const hour = 60 * 60_000;

/** How many runs `npm test` makes, and how many `npm run test:long`. `RUNS=…` makes others. */
export interface Lengths {
  readonly short: number;
  readonly long: number;
}

/** The test that a storage does what the model does. A machine that is busy makes fewer runs, in `npm test`. */
export function testStorage(name: string, subject: SubjectFor, { short, long }: Lengths): void {
  test(`${name}, in random runs, does what the model does`, { timeout: isLong ? 12 * hour : 60_000 }, async () => {
    const runs = Number(process.env.RUNS ?? (isLong ? long : short));
    const figures = await holdAgainstModel({ ...subject, runs, limitMs: isLong ? 11 * hour : 15_000 });
    console.log(`SEED=${figures.seed}: ${name}: ${figures.runs} runs, ${figures.commands} commands`);
    expect(figures.commands).toBeGreaterThan(0);
  });
}
