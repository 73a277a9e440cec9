import { describe, expect, it } from 'vitest';
import { alertMail } from '../../src/core/alert-mail.ts';
import type { Failing } from '../../src/core/queue-state.ts';
import type { Recipient } from '../../src/core/recipient.ts';
import type { AlertMail } from '../../src/core/transport.ts';
import { emailRecipient, httpRecipient } from '../../src/testing.ts';
import { secret } from './refusal.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const since = Date.UTC(2026, 10, 23, 19, 2, 11, 500);
const to = ['ops@example.com'];

const crm = httpRecipient({ id: 'crm', name: 'CRM', retry: { interval: minute, duration: 3 * day } });
const failing: Failing = {
  since,
  attempts: 16,
  nextAttemptAt: since + 16 * minute,
  askedWait: 0,
  error: { code: 'HTTP_STATUS', message: 'answered 500; only 200 counts' },
  alerts: 0,
  lastAlertAt: null,
  dropped: 0,
  droppedTold: 0,
};

/** The mail 15 minutes after the recipient began to fail, with two deliveries waiting, the older for an hour. */
function mailAboutFailing({
  recipient = crm as Recipient,
  about = {} as Partial<Failing>,
  queued = 2,
  oldestAt = (since - 45 * minute) as number | null,
  now = since + 15 * minute,
  ahead = 0,
} = {}): AlertMail {
  const stats = { recipientId: recipient.id, queued, oldestAt, state: null };
  const alert = { about: 'failing', to, failing: { ...failing, ...about } } as const;
  return alertMail(alert, { recipient, stats, now, toWallClock: (time) => time + ahead });
}

describe('the mail about a failing recipient', () => {
  it('says what is wrong since when, what waits, when it is tried again, and when dropping starts', () => {
    expect(mailAboutFailing()).toEqual({
      id: `crm.${since}.0`,
      to,
      subject: 'Outbound events: CRM is failing',
      text: `Events can not be delivered to the HTTP recipient "CRM".

Failing since: 2026-11-23 19:02:11 UTC (for 15 minutes, 16 failed attempts)
Error: answered 500; only 200 counts (HTTP_STATUS)
Deliveries waiting: 2
Age of the oldest: 1 hour
Next attempt: 2026-11-23 19:18:11 UTC
Dropping starts: 2026-11-26 18:17:11 UTC, when the oldest is 3 days old

Deliveries go on, in order, as soon as an attempt succeeds.
`,
    });
  });

  it('says that the receiver is gone, where it said so itself', () => {
    const error = { code: 'HTTP_GONE', message: 'answered 410: gone' } as const;
    const { subject, text } = mailAboutFailing({ about: { error } });
    expect(subject).toBe('Outbound events: CRM is gone');
    expect(text).toContain('Error: answered 410: gone (HTTP_GONE)\n');
  });

  it('says how many were given up, and that nothing is tried before the next event where nothing waits', () => {
    const about = { dropped: 3, nextAttemptAt: since };
    const { text } = mailAboutFailing({ about, queued: 0, oldestAt: null });
    expect(text).toContain('Age of the oldest: none waits\nDropped since then: 3\nNext attempt: with the next event\n');
  });

  it('says that the next attempt is being made, where one is due', () => {
    const { text } = mailAboutFailing({ about: { nextAttemptAt: since } });
    expect(text).toContain('Next attempt: 2026-11-23 19:17:11 UTC\n');
  });

  it('shows times as the wall clock shows them now', () => {
    const { text } = mailAboutFailing({ ahead: hour });
    expect(text).toContain('Failing since: 2026-11-23 20:02:11 UTC (for 15 minutes,');
    expect(text).toContain('Next attempt: 2026-11-23 20:18:11 UTC');
    expect(text).toContain('Dropping starts: 2026-11-26 19:17:11 UTC,');
  });

  it('is another mail for each alert, and the same one when it is repeated', () => {
    expect(mailAboutFailing({ about: { alerts: 3 } }).id).toBe(`crm.${since}.3`);
    expect(mailAboutFailing({ now: since + hour, queued: 9 }).id).toBe(mailAboutFailing().id);
  });

  it.each<[number, string]>([
    [3 * day - 1, 'Dropping starts: '],
    [3 * day, 'Dropping has started: a delivery older than 3 days is dropped after a failed attempt.\n'],
    [30 * day, 'Dropping has started: a delivery older than 3 days is dropped after a failed attempt.\n'],
  ])('with an oldest delivery of %i ms says "%s"', (age, expected) => {
    expect(mailAboutFailing({ oldestAt: since, now: since + age }).text).toContain(expected);
  });

  it('when nothing waits any more says so', () => {
    const { text } = mailAboutFailing({ queued: 0, oldestAt: null });
    expect(text).toContain('Deliveries waiting: 0\nAge of the oldest: none waits\n');
    expect(text).toContain('Next attempt: with the next event\n');
    expect(text).not.toContain('Dropping');
  });

  it.each<[number, number, string]>([
    [0, 1, '(for less than a second, 1 failed attempt)'],
    [999, 1, '(for less than a second, 1 failed attempt)'],
    [1000, 2, '(for 1 second, 2 failed attempts)'],
    [89_499, 2, '(for 1 minute, 2 failed attempts)'],
    [26 * hour, 1500, '(for 1 day, 1500 failed attempts)'],
    [36 * hour, 1500, '(for 2 days, 1500 failed attempts)'],
    [-5, 1, '(for less than a second, 1 failed attempt)'],
  ])('after %i ms and %i attempts says "%s"', (passed, attempts, expected) => {
    expect(mailAboutFailing({ about: { attempts }, now: since + passed }).text).toContain(expected);
  });

  it('about an email recipient says that it is one', () => {
    const { subject, text } = mailAboutFailing({ recipient: emailRecipient({ name: 'Managers' }) });
    expect(subject).toBe('Outbound events: Managers is failing');
    expect(text).toContain('Events can not be delivered to the email recipient "Managers".');
  });

  it('holds no URL, header or certificate', () => {
    const recipient = httpRecipient({
      url: `https://user:${secret}@host/${secret}?token=${secret}`,
      headers: { authorization: secret },
      ca: secret,
    });
    expect(JSON.stringify(mailAboutFailing({ recipient }))).not.toContain(secret);
  });
});

describe('the mail about a recovered recipient', () => {
  const stats = { recipientId: 'crm', queued: 40, oldestAt: since, state: null };
  const alert = { about: 'recovered', to, recovery: { since, at: since + 2 * hour } } as const;
  const facts = { recipient: crm, stats, now: since + 3 * hour, toWallClock: (time: number) => time - hour };

  it('says from when to when it was failing, and what still waits', () => {
    expect(alertMail(alert, facts)).toEqual({
      id: `crm.${since}.recovered`,
      to,
      subject: 'Outbound events: CRM has recovered',
      text: `Events are delivered to "CRM" again.

Failing since: 2026-11-23 18:02:11 UTC
Recovered at: 2026-11-23 20:02:11 UTC (after 2 hours)
Deliveries waiting: 40
`,
    });
  });
});
