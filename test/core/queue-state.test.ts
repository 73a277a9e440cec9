import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { type Failing, healthy, type QueueState, restoreQueueState } from '../../src/core/queue-state.ts';

const minute = 60_000;
const day = 24 * 60 * minute;
const noon = Date.UTC(2026, 0, 1, 12);

const failing: Failing = {
  since: noon,
  attempts: 5,
  nextAttemptAt: noon + minute,
  askedWait: 0,
  error: { code: 'CONNECT_REFUSED', message: 'refused' },
  alerts: 1,
  lastAlertAt: noon,
  dropped: 0,
  droppedTold: 0,
};
const head = { sequence: 7, attempts: 5, rejections: 0, since: noon, progress: { served: ['a@example.com'] } };

function restored(state: QueueState | null, now: number): QueueState {
  return restoreQueueState(state, { retry: { interval: minute } }, now);
}

describe('the state of a queue after a restart', () => {
  it('is healthy when there was none', () => {
    expect(restored(null, noon)).toBe(healthy);
    expect(healthy).toEqual({ failing: null, head: null, owedRecovery: null });
    expect(Object.isFrozen(healthy)).toBe(true);
  });

  it('is what it was when the clock went on as clocks do', () => {
    const state = { failing, head, owedRecovery: null };
    for (const later of [0, 1, minute, day]) expect(restored(state, noon + later)).toEqual(state);
    const owed = { failing: null, head: null, owedRecovery: { since: noon - day, at: noon } };
    for (const later of [0, day]) expect(restored(owed, noon + later)).toEqual(owed);
  });

  it('waits no longer than one retry interval when the clock was set back', () => {
    const state = restored({ failing, head, owedRecovery: null }, noon - day);
    expect(state).toEqual({
      failing: { ...failing, since: noon - day, lastAlertAt: noon - day, nextAttemptAt: noon - day + minute },
      head: { ...head, since: noon - day },
      owedRecovery: null,
    });
  });

  it('is due at once when the clock was set forward', () => {
    const state = restored({ failing, head, owedRecovery: null }, noon + 365 * day);
    expect(state.failing?.nextAttemptAt).toBeLessThan(noon + 365 * day);
    expect(state.failing?.since).toBe(noon);
  });

  it('waits no longer than the interval the recipient has now', () => {
    const long = { ...failing, nextAttemptAt: noon + day };
    expect(restored({ failing: long, head, owedRecovery: null }, noon).failing?.nextAttemptAt).toBe(noon + minute);
    const daily = { retry: { interval: day } };
    expect(restoreQueueState({ failing: long, head, owedRecovery: null }, daily, noon).failing?.nextAttemptAt).toBe(
      noon + day,
    );
  });

  it('waits as long as the receiver asked for, within what the recipient allows now', () => {
    const hour = 60 * minute;
    const asked = { failing: { ...failing, nextAttemptAt: noon + day, askedWait: 2 * hour }, head, owedRecovery: null };
    const waitWith = (maxRetryAfter: number): number | undefined => {
      const { failing: restoredFailing } = restoreQueueState(
        asked,
        { retry: { interval: minute }, maxRetryAfter },
        noon,
      );
      return restoredFailing ? restoredFailing.nextAttemptAt - noon : undefined;
    };
    expect([waitWith(day), waitWith(hour), waitWith(0)]).toEqual([2 * hour, hour, minute]);
  });

  it('has no alert and no recovery in the future', () => {
    const untold = { ...failing, lastAlertAt: null };
    expect(restored({ failing: untold, head, owedRecovery: null }, noon - day).failing?.lastAlertAt).toBeNull();
    const atZero = { failing: { ...failing, lastAlertAt: 0 }, head, owedRecovery: null };
    expect(restored(atZero, noon).failing?.lastAlertAt).toBe(0);
    expect(restored(atZero, -5).failing?.lastAlertAt).toBe(-5);
    expect(restored({ failing: null, head: null, owedRecovery: { since: noon, at: noon + 5 } }, noon - day)).toEqual({
      ...healthy,
      owedRecovery: { since: noon - day, at: noon - day },
    });
  });
});

test('whatever was stored and whatever the clock says: nothing in the future, no wait longer than the interval, the rest kept', () => {
  const time = fc.integer({ min: -day, max: noon + 1000 * day });
  const state = fc.record({
    failing: fc.option(
      fc.record({
        since: time,
        attempts: fc.nat(),
        nextAttemptAt: time,
        askedWait: fc.nat(),
        error: fc.constant(failing.error),
        alerts: fc.nat(),
        lastAlertAt: fc.option(time),
        dropped: fc.nat(),
        droppedTold: fc.nat(),
      }),
    ),
    head: fc.option(
      fc.record({
        sequence: fc.nat(),
        attempts: fc.nat(),
        rejections: fc.nat(),
        since: time,
        progress: fc.constant(null),
      }),
    ),
    owedRecovery: fc.option(fc.record({ since: time, at: time })),
  });
  fc.assert(
    fc.property(state, fc.integer({ min: 100, max: day }), time, (stored, interval, now) => {
      const policy = { retry: { interval } };
      const result = restoreQueueState(stored, policy, now);
      expect(result.head).toEqual(stored.head && { ...stored.head, since: Math.min(stored.head.since, now) });
      expect(result.failing === null).toBe(stored.failing === null);
      expect(result.owedRecovery === null).toBe(stored.owedRecovery === null);
      for (const [before, after] of [
        [stored.failing?.since, result.failing?.since],
        [stored.failing?.lastAlertAt, result.failing?.lastAlertAt],
        [stored.owedRecovery?.since, result.owedRecovery?.since],
        [stored.owedRecovery?.at, result.owedRecovery?.at],
      ]) {
        expect(after).toBe(typeof before === 'number' ? Math.min(before, now) : before);
      }
      if (stored.failing !== null) {
        const { attempts, alerts, error, nextAttemptAt } = stored.failing;
        expect(result.failing).toMatchObject({ attempts, alerts, error });
        expect(result.failing?.nextAttemptAt).toBe(Math.min(nextAttemptAt, now + interval));
      }
      expect(restoreQueueState(result, policy, now)).toEqual(result);
    }),
    { numRuns: 1000 },
  );
});
