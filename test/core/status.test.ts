import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { type Failing, healthy, type QueueState } from '../../src/core/queue-state.ts';
import type { Recipient } from '../../src/core/recipient.ts';
import { type RecipientStatus, recipientStatus } from '../../src/core/status.ts';
import { emailRecipient, httpRecipient } from '../../src/testing.ts';
import { Authority } from '../support/certificates.ts';
import { secret } from './refusal.ts';

const day = 24 * 60 * 60 * 1000;
const failing: Failing = {
  since: 5_000,
  attempts: 3,
  nextAttemptAt: 65_000,
  askedWait: 0,
  error: { code: 'HTTP_STATUS', message: 'answered 204; only 200 counts' },
  alerts: 1,
  lastAlertAt: 6_000,
  dropped: 0,
  droppedTold: 0,
};
const failingState: QueueState = {
  ...healthy,
  failing,
  head: { sequence: 1, attempts: 3, rejections: 0, since: 0, progress: null },
};

/** Two deliveries wait, the older since 1,000; the wall clock is 100,000 ms ahead. */
function statusOf(
  recipient: Recipient,
  state: QueueState = healthy,
  stats: { readonly queued: number; readonly oldestAt: number | null } = { queued: 2, oldestAt: 1_000 },
): RecipientStatus {
  return recipientStatus(recipient, state, { recipientId: recipient.id, state, ...stats }, (time) => time + 100_000);
}

describe('the status of a recipient', () => {
  it('that is well is its figures, and nothing about failures', () => {
    expect(statusOf(httpRecipient({ id: 'crm', name: 'CRM' }))).toEqual({
      id: 'crm',
      name: 'CRM',
      kind: 'http',
      enabled: true,
      state: 'ok',
      queued: 2,
      oldestAt: 101_000,
      nextAttemptAt: null,
      dropsAt: null,
      lastError: null,
      failingSince: null,
      certificateExpiresAt: null,
    });
  });

  it('with nothing waiting has no oldest', () => {
    expect(statusOf(emailRecipient(), healthy, { queued: 0, oldestAt: null })).toMatchObject({
      kind: 'email',
      state: 'ok',
      queued: 0,
      oldestAt: null,
    });
  });

  it('that is failing tells since when, with what, when it is tried next, and from when on a failure drops', () => {
    const recipient = httpRecipient({ retry: { interval: 60_000, duration: day } });
    expect(statusOf(recipient, failingState)).toMatchObject({
      state: 'failing',
      failingSince: 105_000,
      lastError: failing.error,
      nextAttemptAt: 165_000,
      dropsAt: 101_000 + day,
    });
  });

  it('that is failing with one delivery waiting is tried', () => {
    const status = statusOf(httpRecipient(), failingState, { queued: 1, oldestAt: 1_000 });
    expect(status.nextAttemptAt).toBe(165_000);
  });

  it('that is failing with nothing waiting is not tried and drops nothing', () => {
    expect(statusOf(httpRecipient(), failingState, { queued: 0, oldestAt: null })).toMatchObject({
      state: 'failing',
      nextAttemptAt: null,
      dropsAt: null,
    });
  });

  it.each<[string, QueueState]>([
    ['well', healthy],
    ['failing', failingState],
  ])('that is %s and disabled is disabled, and is not tried', (_how, state) => {
    const status = statusOf(httpRecipient({ enabled: false }), state);
    expect(status).toMatchObject({ state: 'disabled', enabled: false, nextAttemptAt: null, queued: 2 });
    expect(status.lastError).toBe(state.failing?.error ?? null);
  });

  it('tells when the first certificate in its settings expires, which is a time of the wall clock', () => {
    const ca = new Authority('root', { notAfter: '2027-01-01T00:00:00Z' }).pem;
    expect(statusOf(httpRecipient({ ca })).certificateExpiresAt).toBe(Date.UTC(2027, 0));
  });

  it('shows no secret', () => {
    const recipient = httpRecipient({
      url: `https://user:${secret}@host/${secret}?${secret}`,
      headers: { authorization: secret },
      ca: secret,
    });
    expect(inspect(statusOf(recipient, failingState), { depth: 10 })).not.toContain(secret);
  });
});
