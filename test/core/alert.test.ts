import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { afterAlert, type DueAlert, decideAlert } from '../../src/core/alert.ts';
import { type Failing, healthy, type QueueState, restoreQueueState } from '../../src/core/queue-state.ts';
import type { AlertPolicy } from '../../src/core/recipient.ts';
import { decideSettlement } from '../../src/core/settlement.ts';
import { delivered, failed, storedEvent } from '../../src/testing.ts';
import { failedThrice } from './failing.ts';

const minute = 60_000;
const hour = 60 * minute;
const since = Date.UTC(2026, 0, 1);

const to = ['ops@example.com', 'lead@example.com'];
const policy: AlertPolicy = { to, after: 15 * minute, resendEvery: 4 * hour, recovered: true };

const failing = failedThrice(since, since + 1000 * hour);
const untold: QueueState = { ...healthy, failing };
const told: QueueState = { ...healthy, failing: { ...failing, alerts: 1, lastAlertAt: since + 20 * minute } };
const dueNow: QueueState = { ...healthy, failing: { ...failing, nextAttemptAt: since + 100 * hour } };
const recovery = { since, at: since + hour };
const recovered: QueueState = { ...healthy, owedRecovery: recovery };

describe('a mail is due', () => {
  it.each<[string, QueueState, number, 'none' | number | 'failing' | 'recovered']>([
    ['never while all is well', healthy, 0, 'none'],
    ['later, when failing has begun', untold, 0, 15 * minute],
    ['a ms later, just before the delay is over', untold, 15 * minute - 1, 15 * minute],
    ['at exactly the delay', untold, 15 * minute, 'failing'],
    ['when nobody looked in time', untold, 100 * hour, 'failing'],
    ['not again so soon', told, 20 * minute, 4 * hour + 20 * minute],
    ['not again until the resend interval is over', told, 4 * hour + 20 * minute - 1, 4 * hour + 20 * minute],
    ['again, at exactly the resend interval after the last', told, 4 * hour + 20 * minute, 'failing'],
    ['once, however many intervals went by unseen', told, 100 * hour, 'failing'],
    ['not while the next attempt is due: it tells more', dueNow, 100 * hour, 'none'],
    [
      'again as soon as that attempt has failed',
      { ...dueNow, failing: { ...failing, nextAttemptAt: since + 101 * hour } },
      100 * hour,
      'failing',
    ],
    [
      'of deliveries that were given up, although nothing waits any more',
      { ...dueNow, failing: { ...failing, nextAttemptAt: since, dropped: 2, droppedTold: 1 } },
      100 * hour,
      'failing',
    ],
    [
      'of those only once',
      { ...dueNow, failing: { ...failing, nextAttemptAt: since, dropped: 2, droppedTold: 2 } },
      100 * hour,
      'none',
    ],
    [
      'not of deliveries that were dropped while the next is being tried: that tells more',
      {
        ...healthy,
        failing: { ...failing, nextAttemptAt: since, dropped: 2 },
        head: { sequence: 1, attempts: 1, rejections: 0, since, progress: null },
      },
      100 * hour,
      'none',
    ],
    ['at once, about a recovery', recovered, hour, 'recovered'],
    ['about failing, when both could be told', { ...untold, owedRecovery: recovery }, 15 * minute, 'failing'],
  ])('%s', (_when, state, age, expected) => {
    const decision = decideAlert(policy, state, since + age);
    if (expected === 'none') expect(decision).toEqual({ kind: 'none' });
    else if (typeof expected === 'number') expect(decision).toEqual({ kind: 'wait', until: since + expected });
    else if (expected === 'failing') {
      expect(decision).toEqual({ kind: 'send', alert: { about: 'failing', to, failing: state.failing } });
    } else expect(decision).toEqual({ kind: 'send', alert: { about: 'recovered', to, recovery } });
  });

  it.each<[string, AlertPolicy | null, QueueState]>([
    ['without a policy, when failing', null, untold],
    ['without a policy, when recovered', null, recovered],
    ['about a recovery that nobody wants to be told', { ...policy, recovered: false }, recovered],
  ])('never %s', (_when, given, state) => {
    expect(decideAlert(given, state, since + 100 * hour)).toEqual({ kind: 'none' });
  });

  it('at once when there is no delay', () => {
    expect(decideAlert({ ...policy, after: 0 }, untold, since).kind).toBe('send');
  });
});

describe('once the relay has taken a mail', () => {
  const now = since + 30 * minute;
  const aboutFailing = (of: Failing): DueAlert => ({ about: 'failing', to, failing: of });
  const aboutRecovery: DueAlert = { about: 'recovered', to, recovery };

  it('the alert counts, and the next is due one resend interval later', () => {
    const state = afterAlert(policy, untold, aboutFailing(failing), now);
    expect(state).toEqual({ ...healthy, failing: { ...failing, alerts: 1, lastAlertAt: now } });
    expect(afterAlert(policy, state, aboutFailing(failing), now + 1).failing).toMatchObject({
      alerts: 2,
      lastAlertAt: now + 1,
    });
    expect(decideAlert(policy, state, now)).toEqual({ kind: 'wait', until: now + 4 * hour });
  });

  it('what was given up before counts as told, and what was given up meanwhile does not', () => {
    const before = { ...failing, dropped: 2 };
    const meanwhile = { ...untold, failing: { ...failing, dropped: 5 } };
    expect(afterAlert(policy, meanwhile, aboutFailing(before), now).failing).toMatchObject({
      dropped: 5,
      droppedTold: 2,
    });
  });

  it('attempts made meanwhile are kept', () => {
    const meanwhile = { ...untold, failing: { ...failing, attempts: 9, nextAttemptAt: now + minute } };
    expect(afterAlert(policy, meanwhile, aboutFailing(failing), now).failing).toEqual({
      ...meanwhile.failing,
      alerts: 1,
      lastAlertAt: now,
    });
  });

  it('a recipient that recovered meanwhile is owed a mail about that, if one is wanted', () => {
    const owed = { ...healthy, owedRecovery: { since, at: now } };
    for (const state of [healthy, recovered])
      expect(afterAlert(policy, state, aboutFailing(failing), now)).toEqual(owed);
    for (const unwanted of [{ ...policy, recovered: false }, null]) {
      expect(afterAlert(unwanted, healthy, aboutFailing(failing), now)).toBe(healthy);
    }
  });

  it('a recipient that failed anew meanwhile is not marked as told', () => {
    const anew = { ...untold, failing: { ...failing, since: since + 1 } };
    for (const state of [anew]) {
      expect(afterAlert(policy, state, aboutFailing(failing), now)).toBe(state);
    }
  });

  it('a recovery is told', () => {
    expect(afterAlert(policy, recovered, aboutRecovery, now)).toEqual(healthy);
  });

  it('another recovery meanwhile is still to be told', () => {
    const another = { ...healthy, owedRecovery: { since: since + 1, at: now } };
    for (const state of [healthy, untold, another]) expect(afterAlert(policy, state, aboutRecovery, now)).toBe(state);
  });
});

test('over any time line, the mails are those of the rule, also across restarts', () => {
  const moment = fc.record({
    outcome: fc.constantFrom('none', 'none', 'failed', 'failed', 'delivered'),
    isRelayUp: fc.boolean(),
    isRestarted: fc.boolean(),
  });
  const settings = fc.record({
    after: fc.nat(5).map((minutes) => minutes * minute),
    resendEvery: fc.integer({ min: 1, max: 7 }).map((minutes) => minutes * minute),
    recovered: fc.boolean(),
  });
  fc.assert(
    fc.property(settings, fc.array(moment, { maxLength: 80 }), (times, moments) => {
      const alerts = { to, ...times };
      expect(mailsSent(alerts, moments)).toEqual(mailsByTheRule(alerts, moments));
    }),
    { numRuns: 1000 },
  );
});

interface Moment {
  readonly outcome: string;
  readonly isRelayUp: boolean;
  readonly isRestarted: boolean;
}
type Mail = readonly [minute: number, about: string];

const retryInterval = 3 * minute;

/** Each minute an attempt may end, then the mail that is due goes to the relay. */
function mailsSent(alerts: AlertPolicy, moments: readonly Moment[]): readonly Mail[] {
  const retry = { interval: retryInterval, duration: 1000 * hour };
  const delivery = { sequence: 1, event: storedEvent({ acceptedAt: 0 }) };
  const mails: Mail[] = [];
  let state: QueueState = healthy;
  for (const [index, { outcome, isRelayUp, isRestarted }] of moments.entries()) {
    const now = index * minute;
    if (isRestarted) state = restoreQueueState(JSON.parse(JSON.stringify(state)), { retry }, now);
    if (outcome !== 'none') {
      const result = outcome === 'failed' ? failed(500) : delivered();
      state = decideSettlement({ policy: { retry, alerts }, state, delivery, number: 1, result, now }).state;
    }
    const decision = decideAlert(alerts, state, now);
    if (decision.kind === 'send' && isRelayUp) {
      mails.push([index, decision.alert.about]);
      state = afterAlert(alerts, state, decision.alert, now);
    }
  }
  return mails;
}

/** Point 7 of the promise, in a few variables. */
function mailsByTheRule(alerts: AlertPolicy, moments: readonly Moment[]): readonly Mail[] {
  const mails: Mail[] = [];
  let dueAt = Number.POSITIVE_INFINITY;
  let isFailing = false;
  let wasTold = false;
  let isRecoveryOwed = false;
  let nextAttemptAt = 0;
  for (const [index, { outcome, isRelayUp }] of moments.entries()) {
    const now = index * minute;
    if (outcome === 'failed') nextAttemptAt = now + retryInterval;
    if (outcome === 'failed' && !isFailing) {
      isFailing = true;
      wasTold = false;
      isRecoveryOwed = false;
      dueAt = now + alerts.after;
    }
    if (outcome === 'delivered' && isFailing) {
      isFailing = false;
      isRecoveryOwed = alerts.recovered && wasTold;
    }
    if (!isRelayUp) continue;
    if (isFailing && now >= dueAt && now < nextAttemptAt) {
      mails.push([index, 'failing']);
      wasTold = true;
      dueAt = now + alerts.resendEvery;
    }
    if (isRecoveryOwed) mails.push([index, 'recovered']);
    isRecoveryOwed = false;
  }
  return mails;
}
