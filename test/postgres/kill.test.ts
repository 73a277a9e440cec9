import { randomInt } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { check } from '../reliability/checker.ts';
import { loadRecipients } from '../reliability/load.ts';
import { SeededRandom } from '../reliability/seeded-random.ts';
import { quantile } from '../support/quantile.ts';
import { Fleet } from './fleet/fleet.ts';
import { takeoverTimes } from './fleet/takeovers.ts';

// `npm run test:long` makes the run long (about 15 minutes), KILLS and EVENTS as long as you like. SEED=… has it again as it
// was, as far as the machine plays along.
const isLong = process.env.TEST_LENGTH === 'long';
const seed = Number(process.env.SEED ?? randomInt(2 ** 31));
const kills = Number(process.env.KILLS ?? (isLong ? 500 : 8));
const events = Number(process.env.EVENTS ?? (isLong ? 50_000 : 1_000));
const leaseMs = Number(process.env.LEASE_MS ?? 3_000);
// At most so long after the lease; tests run side by side on a busy machine.
const slackMs = isLong ? 2_000 : 10_000;
const [processes, recipientCount, types] = isLong ? [4, 50, 10] : [3, 10, 5];

test('F67: processes that are killed lose nothing, repeat at most one delivery to each recipient, and are replaced', {
  timeout: isLong ? 60 * 60_000 : 120_000,
}, async () => {
  const random = new SeededRandom(seed);
  const begunAt = performance.now();
  const fleet = await Fleet.start({
    seed,
    members: Array.from({ length: processes }, () => ({})),
    recipients: loadRecipients(recipientCount, types),
    events,
    leaseMs,
    status: (_, chance) => (chance.percent(2) ? 500 : 200),
  });
  const total = (events * recipientCount) / types;
  for (let kill = 0; kill < kills; kill += 1) {
    await fleet.answered(((kill + random.fraction()) * total * 0.98) / kills);
    await wait(random.between(0, 20));
    const member = fleet.members[random.between(0, processes - 1)];
    if (member !== undefined) await fleet.replace(member);
    if ((kill + 1) % 50 === 0) console.log(`${kill + 1} kills, ${fleet.deliveries} deliveries`);
  }
  await fleet.drain();
  // And one with nothing left to do: its successor ends as soon as it has begun.
  const [first] = fleet.members;
  if (first !== undefined) await fleet.replace(first);
  const history = await fleet.finish();
  const seconds = (performance.now() - begunAt) / 1_000;

  const { violations, figures } = check(history);
  const times = takeoverTimes(fleet.outages, history.requests);
  const ms = (value: number): string => `${Math.round(value)} ms`;
  console.log(
    `SEED=${seed}: ${processes} processes, ${recipientCount} recipients, ${events} events, ${kills} kills, lease ${leaseMs} ms, ${Math.round(seconds)} s`,
    figures,
    `takeover of ${times.length} queues: p50 ${ms(quantile(times, 0.5))}, p99 ${ms(quantile(times, 0.99))}, at most ${ms(quantile(times, 1))}`,
    `leases that ran out: ${await fleet.watch.leasesRunOut()}`,
    `${Math.round(events / seconds)} events/s, ${Math.round(fleet.deliveries / seconds)} deliveries/s`,
  );
  expect(violations).toEqual([]);
  expect(history.emits.filter(({ acknowledged }) => acknowledged).length).toBe(events);
  expect(figures.dropped).toBe(0);
  expect(await fleet.watch.regressions()).toEqual([]);
  expect(times.length).toBeGreaterThan(0);
  expect(quantile(times, 0.99)).toBeLessThanOrEqual(leaseMs + slackMs);
});
