import { randomInt } from 'node:crypto';
import fc from 'fast-check';
import { arbitraryRun } from './command-arbitraries.ts';
import type { Run } from './commands.ts';
import { runCommands, type SubjectFor } from './run-commands.ts';

export interface ModelRuns extends SubjectFor {
  readonly runs: number;
  /** Ends after so long, ms, with fewer runs, or with a counterexample that could have been shorter. */
  readonly limitMs: number;
  /** Whether to look for the shortest counterexample. Default: `true`. */
  readonly shrinks?: boolean;
  /** Default: `SEED=…`, with `COUNTEREXAMPLE=…` that one run of it; or another one each time. */
  readonly seed?: number;
}

/** Runs that went well. */
export interface ModelFigures {
  readonly seed: number;
  readonly runs: number;
  readonly commands: number;
}

/**
 * Holds a storage against the model in random runs. Throws with the shortest run that was found to make them
 * differ, and with what has it again: `SEED=… COUNTEREXAMPLE=…`.
 */
export async function holdAgainstModel(given: ModelRuns): Promise<ModelFigures> {
  const { runs: numRuns, limitMs: interruptAfterTimeLimit, seed = seedOfThisTime(), shrinks = true } = given;
  const path = given.seed === undefined ? process.env.COUNTEREXAMPLE : undefined;
  let commands = 0;
  const property = fc.asyncProperty(arbitraryRun, async (run) => {
    await runCommands(given, run);
    commands += run.commands.length;
  });
  const details = await fc.check(property, {
    seed,
    numRuns,
    interruptAfterTimeLimit,
    endOnFailure: !shrinks || path !== undefined,
    ...(path === undefined ? {} : { path }),
  });
  if (details.failed && details.counterexample !== null) {
    const [run] = details.counterexample;
    throw new Error(
      `SEED=${seed} COUNTEREXAMPLE=${details.counterexamplePath}: after ${details.numRuns} runs storage and model differ\n` +
        `${written(run)}\n${messageOf(details.errorInstance)}`,
      { cause: details.errorInstance },
    );
  }
  return { seed, runs: details.numRuns, commands };
}

function seedOfThisTime(): number {
  return Number(process.env.SEED ?? randomInt(2 ** 31));
}

/** As it is written down in `counterexamples.test.ts`. */
function written({ scribbles, commands }: Run): string {
  return `{ scribbles: ${scribbles}, commands: [\n${commands.map((one) => `  ${JSON.stringify(one)},\n`).join('')}] }`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
