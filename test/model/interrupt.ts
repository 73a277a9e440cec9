import { isOutboundEventsError } from '../../src/core/errors.ts';
import type { WriteCommand } from './commands.ts';
import { deedOf } from './deeds.ts';
import { look } from './look.ts';
import { StorageModel } from './storage-model.ts';
import type { World } from './world.ts';

/** Errors of an interrupted call that has changed nothing. Any other code but `ERR_OUTCOME_UNKNOWN` is a defect. */
const nothingHappened = ['ERR_STORAGE_FAILED', 'ERR_STORAGE_FULL', 'ERR_STORAGE_UNAVAILABLE'];

/**
 * Has a write interrupted. What was answered holds; where the outcome is unknown, all of it happened or nothing, and the
 * model follows what is found.
 */
export async function interrupt(world: World, command: WriteCommand, turns: number): Promise<void> {
  const { subject } = world;
  const { storage, number } = world.process(command.process);
  const deed = deedOf(world, command, true);
  const call = () => deed.call(storage);
  const outcome = subject.interrupt ? await subject.interrupt(storage, turns, call) : { answer: await call() };
  const unchanged = world.model;
  const changed = new StorageModel(unchanged);
  if ('answer' in outcome) deed.apply(unchanged, outcome.answer);
  else if (isUnknown(outcome.error)) deed.apply(changed, null);

  if (subject.interrupt && subject.losesLeasesAtInterrupt) {
    for (const model of [unchanged, changed]) model.leases.endProcess(number);
  }
  if ('error' in outcome && isUnknown(outcome.error)) world.model = await whichHolds(world, number, unchanged, changed);
}

function isUnknown(error: unknown): boolean {
  if (!isOutboundEventsError(error)) throw error;
  if (error.code === 'ERR_OUTCOME_UNKNOWN') return true;
  if (nothingHappened.includes(error.code)) return false;
  throw error;
}

async function whichHolds(
  world: World,
  process: number,
  unchanged: StorageModel,
  changed: StorageModel,
): Promise<StorageModel> {
  const problems: unknown[] = [];
  for (const model of [unchanged, changed]) {
    try {
      await look(world, world.process(process), model);
      return model;
    } catch (error) {
      problems.push(error);
    }
  }
  throw new AggregateError(problems, 'of an interrupted call neither all happened nor nothing');
}
