import ms from 'ms';
import type { DueAlert } from './alert.ts';
import type { Failing, OwedRecovery } from './queue-state.ts';
import type { Recipient } from './recipient.ts';
import type { QueueStats } from './storage.ts';
import type { AlertMail } from './transport.ts';

/** What a mail tells besides what it is about. */
export interface AlertFacts {
  readonly recipient: Recipient;
  readonly stats: QueueStats;
  readonly now: number;
  /** From the times in the state to what a wall clock shows. */
  readonly toWallClock: (time: number) => number;
}

/** The mail about a failing or recovered recipient. Names it and says what is wrong; holds no payload, URL or secret. */
export function alertMail(alert: DueAlert, facts: AlertFacts): AlertMail {
  const { id, name } = facts.recipient;
  switch (alert.about) {
    case 'failing':
      return {
        id: `${id}.${alert.failing.since}.${alert.failing.alerts}`,
        to: alert.to,
        subject: `Outbound events: ${name} is ${alert.failing.error.code === 'HTTP_GONE' ? 'gone' : 'failing'}`,
        text: failingText(alert.failing, facts),
      };
    case 'recovered':
      return {
        id: `${id}.${alert.recovery.since}.recovered`,
        to: alert.to,
        subject: `Outbound events: ${name} has recovered`,
        text: recoveredText(alert.recovery, facts),
      };
  }
}

function failingText(failing: Failing, { recipient, stats, now, toWallClock }: AlertFacts): string {
  const at = (time: number): string => utc(toWallClock(time));
  const attempts = failing.attempts === 1 ? '1 failed attempt' : `${failing.attempts} failed attempts`;
  const dropsAt = (stats.oldestAt ?? now) + recipient.retry.duration;
  return textOf([
    `Events can not be delivered to the ${recipient.kind === 'http' ? 'HTTP' : 'email'} recipient "${recipient.name}".`,
    '',
    `Failing since: ${at(failing.since)} (for ${span(now - failing.since)}, ${attempts})`,
    `Error: ${failing.error.message} (${failing.error.code})`,
    `Deliveries waiting: ${stats.queued}`,
    `Age of the oldest: ${stats.oldestAt === null ? 'none waits' : span(now - stats.oldestAt)}`,
    ...(failing.dropped > 0 ? [`Dropped since then: ${failing.dropped}`] : []),
    `Next attempt: ${stats.queued === 0 ? 'with the next event' : at(Math.max(failing.nextAttemptAt, now))}`,
    ...(stats.oldestAt === null
      ? []
      : [
          dropsAt > now
            ? `Dropping starts: ${at(dropsAt)}, when the oldest is ${span(recipient.retry.duration)} old`
            : `Dropping has started: a delivery older than ${span(recipient.retry.duration)} is dropped after a failed attempt.`,
        ]),
    '',
    'Deliveries go on, in order, as soon as an attempt succeeds.',
  ]);
}

function recoveredText({ since, at }: OwedRecovery, { recipient, stats, toWallClock }: AlertFacts): string {
  return textOf([
    `Events are delivered to "${recipient.name}" again.`,
    '',
    `Failing since: ${utc(toWallClock(since))}`,
    `Recovered at: ${utc(toWallClock(at))} (after ${span(at - since)})`,
    `Deliveries waiting: ${stats.queued}`,
  ]);
}

function textOf(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`;
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
