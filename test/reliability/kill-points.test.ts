import { randomInt } from 'node:crypto';
import { expect, it } from 'vitest';
import { check } from './checker.ts';
import { killPoints } from './kill-points.ts';
import { runKills } from './kill-run.ts';
import { loadRecipients } from './load.ts';
import { SeededRandom } from './seeded-random.ts';

// `npm run test:long` has a host die 50 times at each point. SEED=… has a run again, as far as the machine plays along.
const isLong = process.env.TEST_LENGTH === 'long';
const seed = Number(process.env.SEED ?? randomInt(2 ** 31));
const times = isLong ? 50 : 1;

it('a host that dies between any two steps that belong together loses nothing, and repeats as little', {
  timeout: isLong ? 60 * 60_000 : 120_000,
}, async () => {
  const kills = killPoints(new SeededRandom(seed), times);
  const [failing, dropping, ...others] = loadRecipients(20);
  if (failing === undefined || dropping === undefined) throw new Error('There are 20 recipients.');
  const run = await runKills({
    seed,
    kills,
    events: kills.length * 60,
    recipients: [
      {
        ...failing,
        retry: { interval: 300, duration: '3d' },
        alerts: { to: 'ops@example.com', after: 500, resendEvery: 500 },
      },
      { ...dropping, retry: { interval: 100, duration: 300 } },
      ...others,
    ],
    status: (id, _, isLastLife) => (!isLastLife && (id === failing.id || id === dropping.id) ? 500 : 200),
    leaseDuration: 1_000,
  });
  const { violations, figures } = check(run.history);
  console.log(`SEED=${seed}: ${kills.length} kills, ${times} at each point`, figures, `${run.alerts.length} alerts`);

  expect(violations).toEqual([]);
  expect(run.history.emits.every(({ acknowledged }) => acknowledged)).toBe(true);
  expect(figures.dropped).toBeGreaterThan(0);
  expect(run.alerts.length).toBeGreaterThan(0);
  expect(run.integrity).toBe('ok');
  expect(run.left).toBe(0);
});
