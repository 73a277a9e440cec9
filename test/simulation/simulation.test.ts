import { randomInt } from 'node:crypto';
import { expect, test } from 'vitest';
import { simulate } from './simulation.ts';

// The same few seeds each time. `npm run test:long simulation` has thousands of others: SEEDS=… says how many, and SEED=… has
// one of them again.
const isLong = process.env.TEST_LENGTH === 'long';
const count = process.env.SEED === undefined ? Number(process.env.SEEDS ?? (isLong ? 20_000 : 12)) : 1;
const firstSeed = Number(process.env.SEED ?? (isLong ? randomInt(2 ** 30) : 1));

test('whatever goes wrong, the promise is kept', { timeout: isLong ? 8 * 3_600_000 : 120_000 }, async () => {
  let days = 0;
  let deliveries = 0;
  const failed: Record<string, readonly string[]> = {};
  const begun = performance.now();
  for (let seed = firstSeed; seed < firstSeed + count; seed += 1) {
    const simulated = await simulate(seed);
    if (simulated.wrong.length > 0) failed[`SEED=${seed}`] = simulated.wrong;
    days += simulated.days;
    deliveries += simulated.figures.acknowledged;
    if (isLong && (seed - firstSeed) % 1_000 === 999) console.log(`${seed - firstSeed + 1} seeds`, failed);
  }
  const perMinute = (days / (performance.now() - begun)) * 60_000;
  console.log(
    `seeds ${firstSeed} to ${firstSeed + count - 1}: ${days.toFixed(0)} days, ${deliveries} deliveries, ${perMinute.toFixed(0)} days per minute`,
  );
  expect(failed).toEqual({});
});

test('a seed is had again as it was', { timeout: 60_000 }, async () => {
  for (const seed of [1, 2, 3]) expect(await simulate(seed)).toEqual(await simulate(seed));
});
