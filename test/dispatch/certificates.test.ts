import { describe, expect, it } from 'vitest';
import { CertificateWatch } from '../../src/dispatch/certificate-watch.ts';
import { MemoryStorage } from '../../src/memory/memory-storage.ts';
import { httpRecipient, ManualClock } from '../../src/testing.ts';
import { Authority } from '../support/certificates.ts';
import { day, setUp } from './harness.ts';

const now = Date.UTC(2026, 0, 1);
const crm = { id: 'crm', name: 'CRM', url: 'https://crm.example/', events: '*' } as const;

/** A CA that expires so many days after the start of the test. */
function expiringIn(days: number): string {
  return new Authority('root', { notAfter: new Date(now + days * day).toISOString() }).pem;
}

const told = (days: number, expired = false) => ({
  recipientId: 'crm',
  field: 'ca',
  subject: 'CN=root',
  expiresAt: now + days * day,
  expired,
});

describe('F84: a certificate that expires within 30 days is told of', () => {
  it('when its recipient is added, and when that is changed', async () => {
    const { outbound, heard } = setUp();
    await outbound.addHttpRecipient({ ...crm, ca: expiringIn(29) });
    expect(heard('certificate:expiring')).toEqual([told(29)]);
    await outbound.updateRecipient('crm', { ca: expiringIn(5) });
    expect(heard('certificate:expiring').slice(1)).toEqual([told(5)]);
    await outbound.updateRecipient('crm', { ca: expiringIn(30) });
    expect(heard('certificate:expiring')).toHaveLength(2);
  });

  it('at the start, and once a day from then on until it has been replaced or the watch stops', async () => {
    const clock = new ManualClock({ now });
    const heard: unknown[] = [];
    const recipients = new Map([['crm', httpRecipient({ id: 'crm', ca: expiringIn(32) })]]);
    const tell = (...one: unknown[]) => heard.push(one);
    const watch = new CertificateWatch({ recipients, relayCa: null, clock, tell });
    watch.start();
    await clock.advance('2d');
    expect(heard).toEqual([]);
    await clock.advance('1d');
    expect(heard).toEqual([['certificate:expiring', told(32)]]);
    await clock.advance('30d');
    expect(heard.slice(-2)).toEqual([
      ['certificate:expiring', told(32)],
      ['certificate:expiring', told(32, true)],
    ]);
    expect(heard).toHaveLength(31);
    recipients.clear();
    await clock.advance('2d');
    expect(heard).toHaveLength(31);
    watch.stop();
    expect(clock.pending).toBe(0);
  });

  it('once a day by a host that runs, which leaves no timer when it stops', async () => {
    const { outbound, clock, heard } = setUp();
    await outbound.addHttpRecipient({ ...crm, ca: expiringIn(30.5) });
    await outbound.start();
    expect(heard('certificate:expiring')).toEqual([]);
    await clock.advance('1d');
    expect(heard('certificate:expiring')).toEqual([told(30.5)]);
    await outbound.stop();
    expect(clock.pending).toBe(0);
  });

  it('at the start, of a recipient that was stored before', async () => {
    const storage = new MemoryStorage();
    const before = setUp({ storage });
    await before.outbound.addHttpRecipient({ ...crm, ca: expiringIn(31) });
    await before.outbound.stop();
    const { outbound, heard } = setUp({ storage, clock: new ManualClock({ now: now + 2 * day }) });
    await outbound.start();
    expect(heard('certificate:expiring')).toEqual([told(31)]);
  });

  it('no more once it was replaced or its recipient removed', async () => {
    const { outbound, clock, heard } = setUp();
    await outbound.start();
    await outbound.addHttpRecipient({ ...crm, ca: expiringIn(10) });
    await outbound.addHttpRecipient({ ...crm, id: 'erp', name: 'ERP', ca: expiringIn(10) });
    await outbound.updateRecipient('crm', { ca: expiringIn(500) });
    await outbound.removeRecipient('erp');
    await clock.advance('1d');
    expect(heard('certificate:expiring')).toHaveLength(2);
  });

  it('by the wall clock', async () => {
    const { outbound, clock, heard } = setUp();
    clock.jump(-10 * day);
    await outbound.addHttpRecipient({ ...crm, ca: expiringIn(25) });
    expect(heard('certificate:expiring')).toEqual([]);
  });

  it('also of the client certificate and of the relay', async () => {
    const smtp = { host: 'mail.example', from: 'a@example.com', ca: expiringIn(-1) };
    const { outbound, heard } = setUp({ smtp });
    const tls = new Authority('clients').issue({ notAfter: new Date(now + day).toISOString() }, 'appliance 7');
    await outbound.addHttpRecipient({ ...crm, tls });
    const ofClient = { ...told(1), field: 'tls.cert', subject: 'CN=appliance 7' };
    expect(heard('certificate:expiring')).toEqual([ofClient]);
    await outbound.start();
    const ofRelay = { ...told(-1, true), recipientId: null, field: 'smtp.ca' };
    expect(heard('certificate:expiring')).toEqual([ofClient, ofRelay, ofClient]);
  });
});

it('F84: the status tells when the first certificate of a recipient expires', async () => {
  const { outbound } = setUp();
  await outbound.addHttpRecipient({ ...crm, ca: [expiringIn(90), expiringIn(60)] });
  await outbound.addHttpRecipient({ ...crm, id: 'erp', name: 'ERP' });
  expect((await outbound.status()).recipients).toMatchObject([
    { certificateExpiresAt: now + 60 * day },
    { certificateExpiresAt: null },
  ]);
});

it('F84: a recipient that is declared again as it is is taken, though its CA has expired meanwhile', async () => {
  const { outbound, clock, heard } = setUp();
  const declared = { ...crm, ca: expiringIn(1) };
  await outbound.addHttpRecipient(declared);
  await clock.advance('2d');
  await outbound.addHttpRecipient(declared);
  expect(heard('certificate:expiring')).toEqual([told(1)]);
});
