import { randomInt } from 'node:crypto';
import { expect, test } from 'vitest';
import { check } from '../reliability/checker.ts';
import { loadRecipients } from '../reliability/load.ts';
import { clockAhead, hasFaketime } from '../support/faketime.ts';
import { Fleet } from './fleet/fleet.ts';
import { setLateApart } from './fleet/late-repetitions.ts';
import { takeoverTimes } from './fleet/takeovers.ts';

const seed = Number(process.env.SEED ?? randomInt(2 ** 31));
const leaseMs = 3_000;

test.skipIf(!hasFaketime)(
  'F29: clocks of processes that are 10 minutes apart change nothing (skipped where there is no faketime)',
  { timeout: 120_000 },
  async () => {
    const [failing, ...others] = loadRecipients(6, 3);
    if (failing === undefined) throw new Error('There are 6 recipients.');
    const retry = { duration: '5m' } as const;
    let isMended = false;
    const fleet = await Fleet.start({
      seed,
      members: [clockAhead(-5), clockAhead(5)],
      recipients: [
        { ...failing, retry: { ...retry, interval: 500 } },
        ...others.map((one) => ({ ...one, retry: { ...retry, interval: 150 } })),
      ],
      events: Number.POSITIVE_INFINITY,
      leaseMs,
      status: (id, chance) => ((id === failing.id && !isMended) || chance.percent(10) ? 500 : 200),
    });
    for (const member of fleet.members) {
      await fleet.allHold(3);
      await fleet.answered(fleet.deliveries + 30);
      await fleet.replace(member);
    }
    await fleet.allHold(3);
    for (const member of fleet.members) {
      await fleet.pause(member);
      await fleet.holdsNothing(member);
      await fleet.answered(fleet.deliveries + 30);
      await fleet.resume(member, 3);
    }
    isMended = true;
    const history = await fleet.finish();
    const { violations, figures } = check(setLateApart(history, fleet.comebacks).rest);
    expect(violations, `SEED=${seed}`).toEqual([]);
    expect(figures.dropped).toBe(0);
    const first = history.requests.filter(({ recipientId, sequence }) => recipientId === failing.id && sequence === 1);
    expect(new Set(first.map(({ life }) => life)).size).toBeGreaterThan(1);
    expect(await fleet.watch.regressions()).toEqual([]);
    expect(Math.max(...takeoverTimes(fleet.outages, history.requests))).toBeLessThan(leaseMs + 10_000);
  },
);
