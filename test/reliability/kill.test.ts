import { randomInt } from 'node:crypto';
import { expect, it } from 'vitest';
import { check } from './checker.ts';
import { type KillMoment, killMoments } from './kill-moment.ts';
import { type KillRun, runKills } from './kill-run.ts';
import { loadRecipients } from './load.ts';
import { SeededRandom } from './seeded-random.ts';

// `npm run test:long` makes the runs long. SEED=… has them again as they were, as far as the machine plays along.
const isLong = process.env.TEST_LENGTH === 'long';
const seed = Number(process.env.SEED ?? randomInt(2 ** 31));
const timeLimit = { timeout: isLong ? 60 * 60_000 : 120_000 };

it('kill -9 at any moment loses nothing, and repeats at most one delivery to each recipient', timeLimit, async () => {
  const [kills, events] = isLong ? [1_000, 100_000] : [5, 600];
  const run = await runKills({
    seed,
    kills: killMoments(new SeededRandom(seed), kills, Math.floor(events / (kills + 1))),
    events,
    recipients: loadRecipients(20),
    status: (_, random) => (random.percent(5) ? 500 : 200),
  });
  tell(run, `${kills} kills, ${events} events`);

  const { violations, figures } = check(run.history);
  expect(violations).toEqual([]);
  expect(run.history.emits.every(({ acknowledged }) => acknowledged)).toBe(true);
  expect(figures.dropped).toBe(0);
  expect(run.integrity).toBe('ok');
  expect(run.left).toBe(0);
});

it('kill -9 changes nothing for a failing recipient: waits, attempts, drops and alerts go on', timeLimit, async () => {
  const kills = isLong ? 60 : 14;
  const alertsMs = 1_000;
  const [failing, dropping, ...others] = loadRecipients(20);
  if (failing === undefined || dropping === undefined) throw new Error('There are 20 recipients.');
  const run = await runKills({
    seed,
    // The last one long enough for a drop, also on a busy machine, but not for an alert.
    kills: [...shortLives(kills - 1), { incident: 'request', count: 1, ms: 0.9 * alertsMs, emits: true }],
    events: kills * 40,
    recipients: [
      {
        ...failing,
        // Longer than the next process takes to start, so that it finds a wait to go on with.
        retry: { interval: 1_000, duration: '3d' },
        alerts: { to: 'ops@example.com', after: alertsMs, resendEvery: alertsMs },
      },
      { ...dropping, retry: { interval: 100, duration: 500 } },
      ...others,
    ],
    status: (id, _, isLastLife) => (!isLastLife && (id === failing.id || id === dropping.id) ? 500 : 200),
  });
  const alerts = differentAlerts(run);
  tell(run, `${kills} kills, ${alerts.length} alerts`);

  const { violations, figures } = check(run.history);
  expect(violations).toEqual([]);
  expect(figures.dropped).toBeGreaterThan(0);
  const firstDelivery = run.history.requests.filter((one) => one.recipientId === failing.id && one.sequence === 1);
  expect(new Set(firstDelivery.map(({ life }) => life)).size).toBeGreaterThan(1);
  // One series of alerts, although no process lived long enough for any.
  expect(alerts.length).toBeGreaterThan(1);
  expect(new Set(alerts.map(({ since }) => since)).size).toBe(1);
  expect(alerts.map(({ number }) => number)).toEqual(alerts.map((_, index) => index));
  for (const [index, { at, since }] of alerts.entries()) {
    expect(at - (alerts[index - 1]?.at ?? since)).toBeGreaterThan(alertsMs - 5);
  }
});

function shortLives(count: number): readonly KillMoment[] {
  const random = new SeededRandom(seed);
  return Array.from({ length: count }, () => {
    return { incident: 'request', count: 1, ms: random.between(20, 400), emits: true };
  });
}

/** The alerts, as their ids tell them apart: one that could not be recorded in time is sent again under its id. */
function differentAlerts(run: KillRun): { readonly since: number; readonly number: number; readonly at: number }[] {
  return Array.from(
    Map.groupBy(run.alerts, ({ id }) => id),
    ([id, [first]]) => {
      const [, since, number] = /^r-1\.(.+)\.(\d+)$/.exec(id) ?? [];
      return { since: Number(since), number: Number(number), at: first?.at ?? Number.NaN };
    },
  );
}

function tell(run: KillRun, what: string): void {
  const recoveriesMs = run.recoveriesMs.map(Math.round).sort((one, other) => one - other);
  console.log(
    `SEED=${seed}: ${what} (${run.struck.emits} kills amid emits, ${run.struck.requests} amid requests)`,
    check(run.history).figures,
    `from start to first request: median ${recoveriesMs[recoveriesMs.length >> 1]} ms, at most ${recoveriesMs.at(-1)} ms`,
  );
}
