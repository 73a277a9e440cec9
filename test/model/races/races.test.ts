import { randomInt } from 'node:crypto';
import fc from 'fast-check';
import { test } from 'vitest';
import { type Move, runRace } from './race.ts';

const process = fc.nat(1);
const recipient = fc.nat(1);

const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 30, arbitrary: fc.record({ do: fc.constant('go' as const), which: fc.nat(20) }) },
  { weight: 10, arbitrary: fc.record({ do: fc.constant('emit' as const), process }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('passTime' as const), ms: fc.constantFrom(1_000, 10_000, 61_000, 130_000) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('fail' as const), process, attempts: fc.integer({ min: 1, max: 8 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('update' as const), process, recipient, enabled: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('remove' as const), process, recipient, drops: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('add' as const), process, recipient }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('stop' as const), process }) },
);

const isLong = globalThis.process.env.TEST_LENGTH === 'long';
const numRuns = Number(globalThis.process.env.RUNS ?? (isLong ? 10_000 : 200));

// Storage and receivers answer when the scheduler says so: every order of answers, calls and timers can come. SEED=… has one again.
test.each([
  ['one process', 1],
  ['two processes', 2],
])(
  'in whatever order answers and calls come (%s), the promise is kept',
  { timeout: 1_800_000 },
  async (_, processes) => {
    const seed = Number(globalThis.process.env.SEED ?? randomInt(2 ** 31));
    await fc.assert(
      fc.asyncProperty(fc.boolean(), fc.array(move, { maxLength: 100, size: 'max' }), (calmStart, moves) =>
        runRace({ processes, calmStart, moves }),
      ),
      { seed, numRuns },
    );
  },
);
