import { randomInt } from 'node:crypto';
import { expect, it } from 'vitest';
import { clockAhead, hasFaketime } from '../support/faketime.ts';
import { check } from './checker.ts';
import type { History } from './history.ts';
import { runKills } from './kill-run.ts';
import { loadRecipients } from './load.ts';
import { SeededRandom } from './seeded-random.ts';

// `npm run test:long` has more hosts. SEED=… has a run again, as far as the machine plays along.
const isLong = process.env.TEST_LENGTH === 'long';
const seed = Number(process.env.SEED ?? randomInt(2 ** 31));
const minutesOfYear = 365 * 24 * 60;
/** How many years the wall clock is ahead of the true one, in one host after the other; the last works on to the end. */
const years = [0, 10, -10, 0.25, -40, ...(isLong ? [20, -20, 0, 1, -1, 0, 5, -30, 30, -0.1, 0.1, 0] : []), 0];

it.skipIf(!hasFaketime)(
  'wall clocks that jump by years from one host to the next lose nothing of healthy recipients, and nobody waits for years (skipped where there is no faketime)',
  { timeout: 600_000 },
  async () => {
    const random = new SeededRandom(seed);
    const [failing, ...healthy] = loadRecipients(10);
    if (failing === undefined) throw new Error('There are 10 recipients.');
    const lives = years.map((_, index) => index + 1);
    const run = await runKills({
      seed,
      // Later than the retry interval, which is waited for anew at worst.
      kills: years.slice(1).map(() => ({ incident: 'request', count: 20, ms: random.between(400, 800), emits: true })),
      events: years.length * 40,
      recipients: [{ ...failing, retry: { interval: 200, duration: '30d' } }, ...healthy],
      status: (id, _, isLastLife) => (id === failing.id && !isLastLife ? 500 : 200),
      variables: years.map((year) => clockAhead(year * minutesOfYear)),
    });
    const { violations, figures } = check(without(failing.id, run.history));
    console.log(`SEED=${seed}: ${years.length} hosts`, figures);
    expect(violations).toEqual([]);
    expect(figures.dropped).toBe(0);
    const tried = new Set(
      run.history.requests.filter(({ recipientId }) => recipientId === failing.id).map(({ life }) => life),
    );
    expect([...tried]).toEqual(lives);
    expect(run.left).toBe(0);
  },
);

/** What was seen but for one recipient: what is dropped is dated by the clock of its host. */
function without(recipientId: string, history: History): History {
  const others = <One extends { readonly recipientId: string }>(some: readonly One[]): One[] =>
    some.filter((one) => one.recipientId !== recipientId);
  return {
    ...history,
    recipients: history.recipients.filter(({ id }) => id !== recipientId),
    emits: history.emits.map((emit) => ({
      ...emit,
      bodies: new Map([...emit.bodies].filter(([id]) => id !== recipientId)),
    })),
    requests: others(history.requests),
    drops: others(history.drops),
  };
}
