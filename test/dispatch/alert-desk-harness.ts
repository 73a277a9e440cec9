import { afterAlert, type DueAlert } from '../../src/core/alert.ts';
import { type Failing, healthy, type QueueState } from '../../src/core/queue-state.ts';
import type { AlertPolicy, HttpRecipient } from '../../src/core/recipient.ts';
import type { QueueStats } from '../../src/core/storage.ts';
import type { AlertMail, RelayAnswer } from '../../src/core/transport.ts';
import { AlertDesk } from '../../src/dispatch/alert-desk.ts';
import type { QueueRunner } from '../../src/dispatch/queue-runner.ts';
import { httpRecipient, ManualClock } from '../../src/testing.ts';
import { day, hour, minute } from './harness.ts';
import { failingState, now } from './runner-harness.ts';

interface RelaySays {
  readonly accepted: boolean;
  readonly relay: RelayAnswer;
}

interface Answers {
  /** What waits for a recipient; `null` when there is none of that id. */
  stats: () => Partial<QueueStats> | null | Promise<Partial<QueueStats> | null>;
  sendAlert: (signal: AbortSignal) => RelaySays | Promise<RelaySays>;
  /** Before a mail that was sent is part of the state. */
  record: () => void | Promise<void>;
}

type Runner = { -readonly [Key in 'recipient' | 'state' | 'alertSent']: QueueRunner[Key] };

export const policy: AlertPolicy = {
  to: ['ops@example.com'],
  after: 15 * minute,
  resendEvery: 4 * hour,
  recovered: true,
};

export const taken: RelaySays = { accepted: true, relay: 'OK' };
/** Every address is refused for good. */
export const refused: RelaySays = { accepted: false, relay: 'OK' };
export const down: RelaySays = { accepted: false, relay: '421 closing down' };

/** A recipient that has failed since the beginning, and whose next attempt is far off. */
export function failing(fields: Partial<Failing> = {}): QueueState {
  return failingState({ since: now, nextAttemptAt: now + 30 * day, ...fields });
}

/** A recipient that fails, and for which nothing can be tried any more: one delivery was dropped, and nobody told of it. */
export function dropped(fields: Partial<Failing> = {}): QueueState {
  return { ...failing({ dropped: 1, ...fields }), head: null };
}

/** What is heard of a mail that arrives. */
export function mailed(id: string, what = 'is failing'): readonly string[] {
  return [`stats ${id}`, `${id} ${what}`, 'relay OK', `record ${id}`, `alert:sent ${id}`];
}

/** A desk over recipients that become what a test makes of them. What it asks of others, and what it tells, is in `calls`. */
export function setUp(given: Partial<Answers> = {}) {
  const clock = new StrictClock();
  const answers: Answers = { stats: () => ({}), sendAlert: () => taken, record: () => {}, ...given };
  const calls: string[] = [];
  const mails: AlertMail[] = [];
  const told: unknown[] = [];
  const runners = new Map<string, Runner>();
  const desk = new AlertDesk({
    clock,
    storage: {
      stats: async (id = 'all') => {
        calls.push(`stats ${id}`);
        const stats = await answers.stats();
        return stats === null ? [] : [{ recipientId: id, queued: 1, oldestAt: now, state: null, ...stats }];
      },
    },
    relay: {
      sendAlert: async (mail, { signal }) => {
        calls.push(mail.subject.replace('Outbound events: ', ''));
        mails.push(mail);
        return answers.sendAlert(signal);
      },
    },
    relayAnswered: (answer) => void calls.push(`relay ${answer}`),
    tell: (name, payload) => {
      calls.push('recipientId' in payload ? `${name} ${payload.recipientId}` : name);
      told.push(payload);
    },
  });
  const runnerOf = (id: string): Runner => {
    const runner = runners.get(id) ?? {
      recipient: httpRecipient({ id, alerts: policy }),
      state: healthy,
      alertSent: async (alert: DueAlert): Promise<void> => {
        calls.push(`record ${id}`);
        await answers.record();
        const { recipient, state } = runnerOf(id);
        const after = afterAlert(recipient.alerts, state, alert, clock.steady());
        if (after !== state) become(id, after);
      },
    };
    runners.set(id, runner);
    return runner;
  };
  /** So is the recipient from now on, and the desk hears of it. */
  const become = (id: string, state: QueueState, settings: Partial<HttpRecipient> = {}): void => {
    const runner = runnerOf(id);
    runner.recipient = { ...(runner.recipient as HttpRecipient), ...settings };
    runner.state = state;
    desk.changed(runner as QueueRunner);
  };
  return {
    desk,
    clock,
    answers,
    mails,
    told,
    become,
    runner: (id: string): QueueRunner => runnerOf(id) as QueueRunner,
    /** What was called since the last time. */
    heard: (): readonly string[] => calls.splice(0),
  };
}

/** One that takes no time in the past: others may not either. */
class StrictClock extends ManualClock {
  override setTimer(delayMs: number, callback: () => void): () => void {
    if (delayMs < 0) throw new RangeError('a timer for the past');
    return super.setTimer(delayMs, callback);
  }
}
