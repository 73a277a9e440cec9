import { strict as assert } from 'node:assert';
import type { AppendResult, NewEntry, QueueStorage } from '../../src/core/storage.ts';
import type { WriteCommand } from './commands.ts';
import { droppedOf, eventOf, pick, recipientIds, settingsTexts, stateOf } from './names.ts';
import type { StorageModel } from './storage-model.ts';
import type { World } from './world.ts';

/** A write: the call, and what it means to the model, which its answer must agree with; `null` is for no answer. */
export interface Deed<Answer> {
  call(storage: QueueStorage): Promise<Answer>;
  apply(model: StorageModel, answer: Answer | null): void;
}

type Plan<Do extends WriteCommand['do']> = Extract<WriteCommand, { readonly do: Do }>;

/** @param surely whether what it does must follow from the model alone. */
export function deedOf(world: World, command: WriteCommand, surely: boolean): Deed<unknown> {
  switch (command.do) {
    case 'save':
      return save(world, command);
    case 'remove':
      return remove(command);
    case 'append':
      return append(world, command, surely);
    case 'settle':
      return settle(world, command);
  }
}

function save(world: World, { recipient, settings, replaced }: Plan<'save'>): Deed<boolean> {
  const record = { id: pick(recipientIds, recipient), settings: pick(settingsTexts, settings) };
  const before = replaced === null ? undefined : pick(settingsTexts, replaced);
  return {
    call: (storage) => world.ask(record, (given) => storage.saveRecipient(given, before)),
    apply: (model, answer) => agree(answer, model.saveRecipient(record, before)),
  };
}

function remove({ recipient }: Plan<'remove'>): Deed<boolean> {
  const id = pick(recipientIds, recipient);
  return {
    call: (storage) => storage.removeRecipient(id),
    apply: (model, answer) => agree(answer, model.removeRecipient(id)),
  };
}

function append(world: World, command: Plan<'append'>, surely: boolean): Deed<readonly AppendResult[]> {
  const { limits } = world.process(command.process);
  const all = command.entries.map<NewEntry>(({ event, content, acceptedMs, to }) => {
    return {
      event: eventOf(event, content, world.now + acceptedMs),
      recipientIds: to.map((n) => pick(recipientIds, n)),
    };
  });
  // What is stored for nobody, or may have been forgotten, cannot be told from what was not stored.
  const entries = surely ? all.filter((entry) => isSure(world.model, entry)) : all;
  const forgetBefore = command.forgetBeforeMs === null ? 0 : world.now + command.forgetBeforeMs;
  const calls = command.apart && !surely ? entries.map((entry) => [entry]) : [entries];
  return {
    call: async (storage) => {
      const answers = calls.map((each) => world.ask(each, (given) => storage.append(given, { forgetBefore })));
      return (await Promise.all(answers)).flat();
    },
    apply: (model, answer) => {
      if (calls.length > 0) model.ids.forgetBefore(forgetBefore);
      if (answer !== null) assert.equal(answer.length, entries.length);
      for (const [index, entry] of entries.entries()) {
        const allowed = model.answersTo(entry, limits).map(inOrder);
        const given = inOrder(answer === null ? allowed[0] : answer[index]);
        assert(
          allowed.some((one) => JSON.stringify(one) === JSON.stringify(given)),
          disagreement(given, allowed),
        );
        if (given?.status === 'stored') model.append(entry);
      }
    },
  };
}

function isSure(model: StorageModel, { event, recipientIds }: NewEntry): boolean {
  return model.ids.recognise(event).length === 1 && recipientIds.some((id) => model.recipientIds.includes(id));
}

function inOrder<Result extends AppendResult | undefined>(result: Result): Result {
  return result?.status === 'stored' ? { ...result, recipientIds: result.recipientIds.toSorted() } : result;
}

function settle(world: World, command: Plan<'settle'>): Deed<readonly boolean[]> {
  const settlements = command.settlements.map(({ lease, advance, drops, state }) => {
    const { recipientId, fence } = world.lease(lease);
    const through = advance === null ? 0 : Math.max(0, world.model.settledOf(recipientId) + advance);
    const dropped = Array.from({ length: drops }, (_, index) => through - index)
      .filter((sequence) => sequence > 0 && sequence <= world.model.lastOf(recipientId))
      .map((sequence) => droppedOf(recipientId, sequence, world.now))
      .toReversed();
    return { recipientId, fence, through, dropped, state: state === null ? undefined : stateOf(state) };
  });
  return {
    call: (storage) => world.ask(settlements, (given) => storage.settle(given)),
    apply: (model, answer) =>
      agree(
        answer,
        settlements.map((settlement) => model.settle(settlement)),
      ),
  };
}

function agree(answer: unknown, expected: unknown): void {
  if (answer !== null) assert.deepEqual(answer, expected);
}

function disagreement(given: unknown, allowed: readonly unknown[]): string {
  return `answered ${JSON.stringify(given)} instead of ${allowed.map((one) => JSON.stringify(one)).join(' or ')}`;
}
