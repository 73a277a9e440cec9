import type { Run } from './commands.ts';
import { look, lookAtIds, lookAtQueues } from './look.ts';
import type { ModelSubject } from './model-subject.ts';
import { perform } from './perform.ts';
import { World } from './world.ts';

export interface SubjectFor {
  /** Makes the subject of one run. */
  readonly create: () => ModelSubject | Promise<ModelSubject>;
  /** How many processes use it. Default: 1. */
  readonly processes?: number;
}

/** Runs commands on a storage and on the model, and compares all that can be seen after each. Throws where they differ. */
export async function runCommands({ create, processes = 1 }: SubjectFor, { commands, scribbles }: Run): Promise<void> {
  const world = await World.begin(await create(), processes, scribbles);
  try {
    for (const [index, command] of commands.entries()) {
      await during(`command ${index}, ${command.do}`, async () => {
        await perform(world, command);
        await look(world, world.process(index));
      });
    }
    await during('the end', () => lookAtAll(world));
  } finally {
    await world.end();
  }
}

async function during(what: string, step: () => Promise<void>): Promise<void> {
  try {
    await step();
  } catch (error) {
    throw new Error(`${what}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/** What can only be seen by changing it, before and after every process has ended and the next has begun. */
async function lookAtAll(world: World): Promise<void> {
  for (const process of world.processes) await lookAtIds(world, process);
  for (const process of world.processes) await lookAtQueues(world, process);
  for (const { number } of world.processes) {
    await perform(world, { do: 'reopen', process: number, limits: { maxDeliveries: 1e6, maxBytes: 1e9 } });
  }
  await lookAtQueues(world, world.process(0));
}
