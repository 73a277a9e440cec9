import { randomInt } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { check } from '../reliability/checker.ts';
import { loadRecipients } from '../reliability/load.ts';
import { SeededRandom } from '../reliability/seeded-random.ts';
import { quantile } from '../support/quantile.ts';
import { Fleet } from './fleet/fleet.ts';
import { setLateApart } from './fleet/late-repetitions.ts';
import { takeoverTimes } from './fleet/takeovers.ts';

// `npm run test:long` makes 50 pauses (about 5 minutes), PAUSES as many as you like, LEASE_MS says how long leases are.
const isLong = process.env.TEST_LENGTH === 'long';
const seed = Number(process.env.SEED ?? randomInt(2 ** 31));
const pauses = Number(process.env.PAUSES ?? (isLong ? 50 : 2));
const leaseMs = Number(process.env.LEASE_MS ?? 3_000);
// At most so long after the lease; tests run side by side on a busy machine.
const slackMs = isLong ? 2_000 : 10_000;

test('F68: a process that stood still for longer than its lease takes nothing back, and repeats at most one delivery', {
  timeout: isLong ? 60 * 60_000 : 120_000,
}, async () => {
  const random = new SeededRandom(seed);
  const begunAt = performance.now();
  const fleet = await Fleet.start({
    seed,
    // Each works on one queue.
    members: [{}, {}],
    recipients: loadRecipients(2, 2),
    events: Number.POSITIVE_INFINITY,
    leaseMs,
    status: (_, chance) => (chance.percent(2) ? 500 : 200),
  });
  await fleet.allHold(1);
  for (let pause = 0; pause < pauses; pause += 1) {
    await fleet.answered(fleet.deliveries + random.between(10, 100));
    await wait(random.between(0, 20));
    const member = fleet.members[random.between(0, 1)];
    if (member === undefined) continue;
    await fleet.pause(member);
    await Promise.all([wait(leaseMs * 1.25), fleet.holdsNothing(member)]);
    await fleet.answered(fleet.deliveries + 10);
    await fleet.resume(member, 1);
  }
  const history = await fleet.finish();
  const seconds = (performance.now() - begunAt) / 1_000;

  const { late, rest } = setLateApart(history, fleet.comebacks);
  const { violations, figures } = check(rest);
  const times = takeoverTimes(fleet.outages, history.requests);
  console.log(
    `SEED=${seed}: ${pauses} pauses, lease ${leaseMs} ms, ${Math.round(seconds)} s`,
    figures,
    `repeated by a process after its pause: ${late.length}`,
    `leases that ran out: ${await fleet.watch.leasesRunOut()}`,
    `takeover of ${times.length} queues: p50 ${Math.round(quantile(times, 0.5))} ms, at most ${Math.round(quantile(times, 1))} ms`,
  );
  expect(violations).toEqual([]);
  expect(await fleet.watch.regressions()).toEqual([]);
  expect(figures.dropped).toBe(0);
  expect(new Set(late.map(({ life }) => life)).size).toBe(late.length);
  expect(times.length).toBeGreaterThan(0);
  expect(quantile(times, 0.99)).toBeLessThanOrEqual(leaseMs + slackMs);
});
