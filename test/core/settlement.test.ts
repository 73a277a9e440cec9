import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { QueuedDelivery } from '../../src/core/event.ts';
import { type Failing, healthy, type QueueState } from '../../src/core/queue-state.ts';
import type { AlertPolicy, RetryPolicy } from '../../src/core/recipient.ts';
import {
  decideSettlement,
  isExpired,
  type SettlementPolicy,
  type Verdict,
  withDrops,
} from '../../src/core/settlement.ts';
import type { SendResult } from '../../src/core/transport.ts';
import { delivered, failed, rejected, storedEvent } from '../../src/testing.ts';
import { failedThrice } from './failing.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

const retry: RetryPolicy = { interval: minute, duration: day };
const alerts: AlertPolicy = { to: ['ops@example.com'], after: hour, resendEvery: hour, recovered: true };

const acceptedAt = Date.UTC(2026, 0, 1);

function delivery(sequence = 7): QueuedDelivery {
  return { sequence, event: storedEvent({ acceptedAt }) };
}

/** A recipient that has failed three times, the last time at the head of its queue. */
const since = acceptedAt + hour;
const failing = failedThrice(since, since + 3 * minute);
const failingState: QueueState = {
  failing,
  head: { sequence: 7, attempts: 3, rejections: 0, since, progress: { served: ['a@example.com'] } },
  owedRecovery: null,
};
const owed: QueueState = { ...healthy, owedRecovery: { since: 1, at: 2 } };

/** The verdict on an attempt that ended at `now`, two hours after the event was accepted unless told otherwise. */
function decide({
  state = healthy,
  result = delivered() as SendResult,
  number = 1,
  now = acceptedAt + 2 * hour,
  policy = { retry, alerts: null } as SettlementPolicy,
} = {}): Verdict {
  return decideSettlement({ policy, state, delivery: delivery(), number, result, now });
}

const now = acceptedAt + 2 * hour;

describe('a success', () => {
  it('at a healthy recipient changes nothing but the queue', () => {
    expect(decide()).toEqual({ kind: 'delivered', state: healthy, recoveredFrom: null });
    expect(decide().state).toBe(healthy);
    expect(decide({ state: owed }).state).toBe(owed);
  });

  it('ends the failing state and forgets the head', () => {
    expect(decide({ state: failingState, number: 4 })).toEqual({
      kind: 'delivered',
      state: healthy,
      recoveredFrom: failing,
    });
  });

  it('counts however old the delivery is: what arrives is never dropped', () => {
    expect(decide({ now: acceptedAt + 100 * day }).kind).toBe('delivered');
    expect(decide({ state: failingState, now: acceptedAt + 100 * day }).kind).toBe('delivered');
  });

  it.each([
    ['a mail', 'after an alert', 1, alerts],
    ['a mail', 'after several alerts', 3, alerts],
    ['no mail', 'when no alert was sent', 0, alerts],
    ['no mail', 'when nobody wants to be told', 1, { ...alerts, recovered: false }],
    ['no mail', 'when there are no alerts any more', 1, null],
  ])('owes %s about the recovery %s', (mail, _when, sent, policy) => {
    const state = { ...failingState, failing: { ...failing, alerts: sent, lastAlertAt: sent > 0 ? since : null } };
    const verdict = decide({ state, policy: { retry, alerts: policy } });
    expect(verdict.state.owedRecovery).toEqual(mail === 'a mail' ? { since, at: now } : null);
  });
});

describe('a failure', () => {
  it('begins the failing state, remembers the attempt, and tries again one interval after its end', () => {
    const result = failed('CONNECT_REFUSED', 'refused');
    const begun: Failing = {
      since: now,
      attempts: 1,
      nextAttemptAt: now + minute,
      askedWait: 0,
      error: result.error,
      alerts: 0,
      lastAlertAt: null,
      dropped: 0,
      droppedTold: 0,
    };
    expect(decide({ result })).toEqual({
      kind: 'retry',
      failing: begun,
      state: {
        failing: begun,
        head: { sequence: 7, attempts: 1, rejections: 0, since: now, progress: null },
        owedRecovery: null,
      },
    });
  });

  it('goes on failing since the first failure, with the newest error, one attempt more, and the alerts kept', () => {
    const state = { ...failingState, failing: { ...failing, alerts: 2, lastAlertAt: since + hour } };
    const verdict = decide({ state, number: 4, result: failed(500) });
    expect(verdict.kind === 'retry' && verdict.failing).toEqual({
      since,
      attempts: 4,
      nextAttemptAt: now + minute,
      askedWait: 0,
      error: { code: 'HTTP_STATUS', message: 'answered 500; only 200 counts' },
      alerts: 2,
      lastAlertAt: since + hour,
      dropped: 0,
      droppedTold: 0,
    });
  });

  it('counts attempts at the delivery and at the recipient apart', () => {
    const verdict = decide({ state: { ...failingState, head: null }, number: 1, result: failed(500) });
    expect(verdict.state).toMatchObject({ failing: { attempts: 4 }, head: { sequence: 7, attempts: 1 } });
  });

  it('keeps what the transport wants to remember, and forgets what it does not say again', () => {
    const progress = { served: ['b@example.com'] };
    expect(decide({ state: failingState, result: { ...failed(500), progress } }).state.head?.progress).toBe(progress);
    expect(decide({ state: failingState, result: failed(500) }).state.head?.progress).toBeNull();
  });

  it('takes back a recovery that was not told yet', () => {
    expect(decide({ state: owed, result: failed(500) }).state.owedRecovery).toBeNull();
  });
});

describe('a drop', () => {
  it.each([
    ['a ms before its duration', day - 1, 'retry'],
    ['at exactly its duration', day, 'drop'],
    ['long after it', 100 * day, 'drop'],
    ['when it is new', 0, 'retry'],
    ['when it is from the future, as after a clock was set back', -day, 'retry'],
  ])('of a delivery that fails %s: %s ms gives %s', (_when, age, kind) => {
    for (const state of [healthy, failingState]) {
      expect(decide({ state, result: failed(500), now: acceptedAt + age }).kind).toBe(kind);
    }
  });

  it('says why and what the last attempt failed with, and lets the next delivery be tried at once', () => {
    const late = acceptedAt + day;
    const result = { ...failed('TIMEOUT_RESPONSE', 'too slow'), progress: { served: [] } };
    expect(decide({ state: failingState, result, number: 4, now: late })).toEqual({
      kind: 'drop',
      reason: 'expired',
      error: { code: 'TIMEOUT_RESPONSE', message: 'too slow' },
      state: {
        failing: { ...failing, attempts: 4, nextAttemptAt: late, error: result.error, dropped: 1 },
        head: null,
        owedRecovery: null,
      },
    });
  });

  it('is possible at the first attempt, when the delivery waited long behind others', () => {
    const verdict = decide({ result: failed(500), now: acceptedAt + day });
    expect(verdict).toMatchObject({
      kind: 'drop',
      reason: 'expired',
      state: { failing: { attempts: 1, since: acceptedAt + day } },
    });
  });

  it('follows a rejection at once, whatever the age', () => {
    for (const age of [0, 100 * day]) {
      expect(decide({ result: rejected('TEMPLATE_ERROR', 'no'), now: acceptedAt + age })).toEqual({
        kind: 'drop',
        reason: 'rejected',
        error: { code: 'TEMPLATE_ERROR', message: 'no' },
        state: healthy,
      });
    }
  });

  it('of a rejected delivery says nothing about the recipient: it stays well, or failing, and what it owes', () => {
    expect(decide({ state: owed, result: rejected() }).state).toBe(owed);
    expect(decide({ state: failingState, result: rejected() }).state).toEqual({
      failing: { ...failing, nextAttemptAt: now, dropped: 1 },
      head: null,
      owedRecovery: null,
    });
    expect(decide({ state: { ...healthy, head: failingState.head }, result: rejected() }).state).toEqual(healthy);
  });
});

test.each([
  [-1, false],
  [0, false],
  [day - 1, false],
  [day, true],
  [day + 1, true],
])('a delivery of %i ms is past a duration of a day: %s', (age, expected) => {
  expect(isExpired(delivery(), retry, acceptedAt + age)).toBe(expected);
});

describe('what the receiver asks for with Retry-After', () => {
  const policy = { retry, alerts: null, maxRetryAfter: hour };
  const waitAfter = (retryAfterMs: number | undefined, given: SettlementPolicy = policy): number | undefined => {
    const { state } = decide({ policy: given, result: { ...failed(503), retryAfterMs } });
    return state.failing ? state.failing.nextAttemptAt - now : undefined;
  };

  it.each([
    ['nothing', undefined, minute],
    ['less than the interval', minute - 1, minute],
    ['no wait at all', 0, minute],
    ['more than the interval', minute + 1, minute + 1],
    ['the cap', hour, hour],
    ['more than the cap', 100 * day, hour],
    ['for ever', Number.POSITIVE_INFINITY, minute],
    ['what is no number', Number.NaN, minute],
    ['less than nothing', -hour, minute],
  ])('%s: the wait is lengthened up to the cap and never shortened', (_what, asked, wait) => {
    expect(waitAfter(asked)).toBe(wait);
  });

  it('is not heeded where the cap is 0, or the recipient has none', () => {
    expect(waitAfter(hour, { ...policy, maxRetryAfter: 0 })).toBe(minute);
    expect(waitAfter(hour, { retry, alerts: null })).toBe(minute);
  });

  it('never shortens an interval that is longer than the cap', () => {
    expect(waitAfter(2 * hour, { ...policy, retry: { interval: 4 * hour, duration: day } })).toBe(4 * hour);
  });
});

describe('a delivery that the receiver rejects', () => {
  const policy: SettlementPolicy = {
    retry,
    alerts: null,
    onRejected: 'skip',
    rejection: { attempts: 2, statuses: [400, 404] },
  };

  /** The verdicts on one delivery answered so, one attempt after the other. */
  function verdicts(given: SettlementPolicy, ...statuses: readonly number[]): readonly Verdict[] {
    let state: QueueState = healthy;
    return statuses.map((status, index) => {
      const verdict = decide({ policy: given, state, number: index + 1, result: failed(status) });
      state = verdict.state;
      return verdict;
    });
  }

  it('is skipped after so many rejecting answers, and the next one goes at once', () => {
    const [first, second] = verdicts(policy, 404, 400);
    expect(first?.kind).toBe('retry');
    expect(second).toMatchObject({
      kind: 'drop',
      reason: 'rejected',
      error: { code: 'HTTP_STATUS', message: 'answered 400; only 200 counts' },
      state: { head: null, failing: { attempts: 2, nextAttemptAt: now, dropped: 1 } },
    });
  });

  it('is skipped after the first, where one answer is enough; the recipient then counts as failing until a success', () => {
    const once = { ...policy, rejection: { attempts: 1, statuses: [404] } };
    expect(verdicts(once, 404)[0]).toMatchObject({ kind: 'drop', state: { failing: { since: now, dropped: 1 } } });
  });

  it('is not skipped for answers that say that the receiver is down, nor are those counted', () => {
    expect(verdicts(policy, 500, 503, 404, 500, 500).map(({ kind }) => kind)).toEqual(Array(5).fill('retry'));
    expect(verdicts(policy, 500, 404, 503, 404).at(-1)).toMatchObject({ kind: 'drop', reason: 'rejected' });
  });

  it('is not skipped when there was no answer', () => {
    const result = failed('CONNECT_REFUSED', 'refused');
    expect(decide({ policy: { ...policy, rejection: { attempts: 1, statuses: [404] } }, result }).kind).toBe('retry');
  });

  it('blocks, where that is wanted and where nothing is said', () => {
    for (const given of [
      { ...policy, onRejected: 'block' } as const,
      { retry, alerts: null },
      { retry, alerts: null, onRejected: 'skip' } as const,
    ]) {
      expect(verdicts(given, 404, 404, 404, 404).map(({ kind }) => kind)).toEqual(Array(4).fill('retry'));
    }
  });

  it('is expired rather than rejected when it is too old as well', () => {
    const once = { ...policy, rejection: { attempts: 1, statuses: [404] } };
    expect(decide({ policy: once, result: failed(404), now: acceptedAt + day })).toMatchObject({ reason: 'expired' });
  });

  it('does not take the answers to the delivery before it over', () => {
    const head = { sequence: 6, attempts: 5, rejections: 1, since, progress: null };
    const verdict = decide({ policy, state: { ...healthy, head }, result: failed(404) });
    expect(verdict).toMatchObject({ kind: 'retry', state: { head: { sequence: 7, rejections: 1 } } });
  });
});

test('deliveries given up are counted while the recipient is failing', () => {
  expect(withDrops(failingState, 3).failing).toEqual({ ...failing, dropped: 3 });
  expect(withDrops(withDrops(failingState, 3), 2).failing?.dropped).toBe(5);
  expect(withDrops(healthy, 3)).toEqual(healthy);
});

test('the state that was is never changed', () => {
  const frozen = deepFreeze(structuredClone({ ...failingState, owedRecovery: { since: 1, at: 2 } }));
  for (const result of [delivered(), failed(500), rejected()]) {
    for (const age of [0, day]) expect(() => decide({ state: frozen, result, now: acceptedAt + age })).not.toThrow();
  }
});

/** What a queue lives through: attempts at its head, one after the other, each when it is due. */
const outcome = fc.constantFrom<SendResult>(delivered(), failed(500), failed('CONNECT_REFUSED'), rejected());
const life = fc.record({
  interval: fc.integer({ min: 100, max: hour }),
  duration: fc.integer({ min: hour, max: 3 * hour }),
  attempts: fc.array(fc.record({ result: outcome, took: fc.nat(2 * minute) }), { maxLength: 60 }),
  recovered: fc.boolean(),
});

test('a delivery that was accepted by a clock that ran ahead is dropped once it has failed for the retry duration', () => {
  const ahead = { sequence: 1, event: storedEvent({ acceptedAt: acceptedAt + 1000 * hour }) };
  const policy = { retry: { interval: minute, duration: hour }, alerts: null };
  const failedAt = (state: QueueState, now: number) =>
    decideSettlement({ policy, state, delivery: ahead, number: 1, result: failed(500), now });
  const { state } = failedAt(healthy, acceptedAt);

  expect(failedAt(state, acceptedAt + hour - 1).kind).toBe('retry');
  expect(failedAt(state, acceptedAt + hour)).toMatchObject({ kind: 'drop', reason: 'expired' });
});

test('through any life of a queue', () => {
  fc.assert(
    fc.property(life, ({ interval, duration, attempts, recovered }) => {
      const policy = { retry: { interval, duration }, alerts: { ...alerts, recovered } };
      let state: QueueState = healthy;
      let sequence = 1;
      let at = acceptedAt;
      let failures = 0;
      let firstFailedAt = 0;
      for (const { result, took } of attempts) {
        const number = state.head?.sequence === sequence ? state.head.attempts + 1 : 1;
        at = Math.max(at, state.failing?.nextAttemptAt ?? 0) + took;
        const verdict = decideSettlement({ policy, state, delivery: delivery(sequence), number, result, now: at });
        if (number === 1) firstFailedAt = at;
        failures = result.outcome === 'failed' ? failures + 1 : result.outcome === 'delivered' ? 0 : failures;

        // Dropped only by a failed attempt past the limit, or by a rejection; kept by every other failure.
        const isLate = at - acceptedAt >= duration;
        expect(verdict.kind).toBe(
          result.outcome === 'delivered' ? 'delivered' : result.outcome === 'rejected' || isLate ? 'drop' : 'retry',
        );
        // Tried again one interval after the end of the attempt, and at once when the head has gone.
        if (verdict.kind === 'retry') expect(verdict.state.failing?.nextAttemptAt).toBe(at + interval);
        if (verdict.kind === 'drop' && verdict.state.failing !== null) {
          expect(verdict.state.failing.nextAttemptAt).toBe(at);
        }
        // Failing from the first failure to the next success, with every failed attempt counted.
        expect(verdict.state.failing?.attempts ?? 0).toBe(failures);
        // The head is remembered exactly while it is to be tried again.
        expect(verdict.state.head).toEqual(
          verdict.kind === 'retry'
            ? { sequence, attempts: number, rejections: 0, since: firstFailedAt, progress: null }
            : null,
        );
        if (verdict.kind !== 'retry') sequence += 1;
        state = verdict.state;
      }
    }),
    { numRuns: 500 },
  );
});

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(deepFreeze);
  return value;
}
