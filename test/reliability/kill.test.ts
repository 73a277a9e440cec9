import { randomInt } from 'node:crypto';
import { expect, it } from 'vitest';
import { check } from './checker.ts';
import { killMoments } from './kill-moment.ts';
import { type KillRun, runKills } from './kill-run.ts';
import { loadRecipients } from './load.ts';
import { SeededRandom } from './seeded-random.ts';

// SEED=… has a run again as it was, as far as the machine goes along; `npm run test:long` makes it a long one.
const seed = Number(process.env.SEED ?? randomInt(2 ** 31));
const isLong = process.env.TEST_LENGTH === 'long';
const timeLimit = { timeout: isLong ? 15 * 60_000 : 120_000 };

it(
  'whenever its process is killed, every acknowledged event arrives, in order, at most once more for each kill',
  timeLimit,
  async () => {
    const [kills, events] = isLong ? [100, 10_000] : [14, 2_000];
    const run = await runKills({
      seed,
      kills: killMoments(new SeededRandom(seed), kills, Math.floor(events / (kills + 1))),
      events,
      recipients: loadRecipients(20),
      status: (_, random) => (random.percent(5) ? 500 : 200),
    });
    const { violations, figures } = check(run.history);
    tell(run, `${kills} kills, ${events} events`);

    expect(violations).toEqual([]);
    expect(run.history.emits.filter(({ acknowledged }) => !acknowledged)).toEqual([]);
    expect(figures.dropped).toBe(0);
    expect(run.integrity).toBe('ok');
    expect(run.left).toBe(0);
  },
);

it(
  'a failing recipient stays one over kills: waits, attempts, drops and alerts go on where they were',
  timeLimit,
  async () => {
    const retryIntervalMs = 400;
    const alertsMs = 1_500;
    const [failing, dropping, ...others] = loadRecipients(20);
    if (failing === undefined || dropping === undefined) throw new Error('There are 20 recipients.');
    const kills = isLong ? 60 : 12;
    const run = await runKills({
      seed,
      kills: Array.from({ length: kills }, (_, index) => {
        return { incident: 'started', count: 1, ms: new SeededRandom(seed + index).between(20, 400), emits: true };
      }),
      events: kills * 40,
      recipients: [
        {
          ...failing,
          retry: { interval: retryIntervalMs, duration: '3d' },
          alerts: { to: 'ops@example.com', after: alertsMs, resendEvery: alertsMs },
        },
        { ...dropping, retry: { interval: 100, duration: 600 } },
        ...others,
      ],
      status: (recipientId, _, isLastLife) =>
        (recipientId === failing.id || recipientId === dropping.id) && !isLastLife ? 500 : 200,
    });
    const { violations, figures } = check(run.history);
    tell(run, `${kills} kills, ${run.alerts.length} alerts`);

    expect(violations).toEqual([]);
    expect(figures.dropped).toBeGreaterThan(0);
    const attempts = run.history.requests.filter(({ recipientId }) => recipientId === failing.id);
    const recordedInLives = new Set(attempts.filter(({ sequence }) => sequence === 1).map(({ life }) => life));
    expect(recordedInLives.size).toBeGreaterThan(kills / 2);
    expectAlertsOnTime(run, failing.id, alertsMs);
  },
);

/** One series of alerts: all about the same failure, counted on, each at least `alertsMs` after the one before. */
function expectAlertsOnTime(run: KillRun, recipientId: string, alertsMs: number): void {
  const firstFailedAt = run.history.requests.find((request) => request.recipientId === recipientId)?.answer?.at;
  // One that was taken, but could not be recorded before the process ended, is sent again under its id.
  const alerts = [...Map.groupBy(run.alerts, ({ id }) => id).values()].map(([first]) => first);
  const [, since] = /^r-1\.(.*)\.0$/.exec(alerts[0]?.id ?? '') ?? [];
  expect(alerts.map((alert) => alert?.id)).toEqual(alerts.map((_, index) => `${recipientId}.${since}.${index}`));
  expect(Number(since)).toBeGreaterThanOrEqual(firstFailedAt ?? Number.POSITIVE_INFINITY);
  const times = [Number(since), ...alerts.map((alert) => alert?.at ?? 0)];
  const waits = times.slice(1).map((time, index) => time - (times[index] ?? 0));
  expect(waits.length).toBeGreaterThan(1);
  expect(Math.min(...waits)).toBeGreaterThan(alertsMs - 5);
}

function tell(run: KillRun, what: string): void {
  const { figures } = check(run.history);
  const recoveries = run.recoveriesMs.map(Math.round).sort((one, other) => one - other);
  console.log(
    `SEED=${seed}: ${what} (${run.struck.emits} kills amid emits, ${run.struck.requests} amid requests)`,
    figures,
    `start to first request: median ${recoveries[recoveries.length >> 1]} ms, at most ${recoveries.at(-1)} ms`,
  );
}
