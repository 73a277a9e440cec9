import ms from 'ms';
import type { AlertAbout } from './alert.ts';
import type { QueueState } from './queue-state.ts';
import type { Recipient } from './recipient.ts';
import type { QueueStats } from './storage.ts';
import type { AlertMail } from './transport.ts';

export interface AlertFacts {
  readonly about: AlertAbout;
  readonly recipient: Recipient;
  readonly state: QueueState;
  readonly stats: QueueStats;
  readonly now: number;
  /** From the times in the state to what a wall clock shows. */
  readonly toWallClock: (time: number) => number;
}

/** The mail about a failing or recovered recipient. Names it and says what is wrong; holds no payload, URL or secret. */
export function alertMail(facts: AlertFacts): AlertMail {
  const { recipient, state } = facts;
  const told = facts.about === 'recovered' ? recoveredText(facts) : failingText(facts);
  const since = state.failing?.since ?? state.owedRecovery?.since ?? facts.now;
  return {
    id: `${recipient.id}.${since}.${facts.about === 'recovered' ? 'recovered' : state.failing?.alerts}`,
    to: recipient.alerts?.to ?? [],
    subject: told.subject,
    text: `${told.lines.join('\n')}\n`,
  };
}

function failingText({ recipient, state, stats, now, toWallClock }: AlertFacts) {
  const { failing } = state;
  const at = (time: number): string => utc(toWallClock(time));
  const dropsAt = (stats.oldestAt ?? now) + recipient.retry.duration;
  return {
    subject: `Outbound events: ${recipient.name} is failing`,
    lines: [
      `Events can not be delivered to the ${recipient.kind === 'http' ? 'HTTP' : 'email'} recipient "${recipient.name}".`,
      '',
      `Failing since: ${at(failing?.since ?? now)} (for ${span(now - (failing?.since ?? now))}, ${failing?.attempts === 1 ? '1 failed attempt' : `${failing?.attempts} failed attempts`})`,
      `Error: ${failing?.error.message} (${failing?.error.code})`,
      `Deliveries waiting: ${stats.queued}`,
      `Age of the oldest: ${stats.oldestAt === null ? 'none waits' : span(now - stats.oldestAt)}`,
      `Next attempt: ${recipient.enabled ? at(failing?.nextAttemptAt ?? now) : 'when the recipient is enabled'}`,
      dropsAt > now
        ? `Dropping starts: ${at(dropsAt)}. Nothing is lost before that.`
        : `Dropping has started: a delivery older than ${span(recipient.retry.duration)} is dropped after a failed attempt.`,
      '',
      'Deliveries go on, in order, as soon as an attempt succeeds.',
    ],
  };
}

function recoveredText({ recipient, state, stats, now, toWallClock }: AlertFacts) {
  const { since, at } = state.owedRecovery ?? { since: now, at: now };
  return {
    subject: `Outbound events: ${recipient.name} has recovered`,
    lines: [
      `Events are delivered to "${recipient.name}" again.`,
      '',
      `Failing since: ${utc(toWallClock(since))}`,
      `Recovered at: ${utc(toWallClock(at))} (after ${span(at - since)})`,
      `Deliveries waiting: ${stats.queued}`,
    ],
  };
}

/** `2026-11-23 19:02:11 UTC` */
function utc(time: number): string {
  return new Date(time)
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, ' UTC');
}

function span(length: number): string {
  return length < 1000 ? 'less than a second' : ms(Math.round(length / 1000) * 1000, { long: true });
}
