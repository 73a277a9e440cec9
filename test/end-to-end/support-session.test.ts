import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'node:querystring';
import { text } from 'node:stream/consumers';
import { simpleParser } from 'mailparser';
import { SMTPServer } from 'smtp-server';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { OutboundEvents, supportSessionEvents } from '../../src/index.ts';
import { waitFor } from '../../src/testing.ts';

// Nothing is faked here: a SQLite file, an HTTP receiver and an SMTP relay on loopback.

interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

let directory: string;
let received: Received[];
let mails: { readonly to: readonly string[]; readonly subject: string; readonly text: string }[];
let answer: (request: Received) => number;
let receiver: ReturnType<typeof createServer>;
let relay: SMTPServer;
const running: { stop(): Promise<void> }[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'outbound-events-'));
  received = [];
  mails = [];
  answer = () => 200;
  receiver = createServer(async (request, response) => {
    const one = { path: request.url ?? '', headers: request.headers, body: await text(request) };
    received.push(one);
    response.writeHead(answer(one)).end('noted');
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  relay = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    onData: (stream, session, callback) => {
      void simpleParser(stream).then(({ subject = '', text: body = '' }) => {
        mails.push({ to: session.envelope.rcptTo.map(({ address }) => address), subject, text: body });
        callback();
      });
    },
  });
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', () => resolve()));
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((one) => one.stop()));
  await new Promise((resolve) => receiver.close(resolve));
  await new Promise<void>((resolve) => relay.close(() => resolve()));
  await rm(directory, { recursive: true });
});

function outboundEvents() {
  const outbound = new OutboundEvents({
    events: supportSessionEvents,
    storage: join(directory, 'queue.db'),
    allowedNetworks: ['loopback'],
    smtp: { host: '127.0.0.1', port: (relay.server.address() as AddressInfo).port, from: 'appliance@example.com' },
  });
  running.push(outbound);
  return outbound;
}

const url = (path: string): string => `http://127.0.0.1:${(receiver.address() as AddressInfo).port}${path}`;

const session = {
  lsid: '0f1e2d3c4b5a69788796a5b4c3d2e1f0',
  external_key: '{"ticket":"T-4711 & more","note":"äöü €"}',
  conference_name: 'General',
  conference_id: '17',
};
const person = { name: 'Ada Lovelace', username: 'ada', user_id: '42', display_name: 'Ada' };

const happenings = [
  ['support_conference_begin', session],
  ['support_conference_member_added', { ...session, type: 'customer', ...person }],
  ['support_conference_owner_changed', { ...session, ...person }],
  ['support_conference_member_departed', { ...session, type: 'representative', ...person }],
  ['support_conference_end', session],
  ['support_conference_customer_exit_survey_completed', { ...session, ...person }],
  ['support_conference_rep_exit_survey_completed', { ...session, ...person }],
] as const;

async function emitAll(outbound: ReturnType<typeof outboundEvents>, occurredAt: number): Promise<void> {
  for (const [type, data] of happenings) await outbound.emit(type, data as never, { occurredAt });
}

test('each of the seven types arrives as form fields with exactly its variables, and the query byte for byte', async () => {
  const outbound = outboundEvents();
  const path = '/hook.php?appliance_id=a%2Fb&token=\'x|y"&empty=&&flag';
  await outbound.addHttpRecipient({ name: 'CRM', url: url(path), events: '*' });
  await outbound.start();
  const last = waitFor(outbound, 'delivered', ({ sequence }) => sequence === 7);
  await emitAll(outbound, 1_767_225_600_999);
  await last;

  expect(received.map((one) => parse(one.body))).toEqual(
    happenings.map(([event, data]) => ({ event, version: '1', timestamp: '1767225600', ...data })),
  );
  expect(new Set(received.map((one) => one.path))).toEqual(new Set([path]));
  expect(received.map(({ headers }) => [headers['webhook-sequence'], headers['webhook-attempt']])).toEqual(
    happenings.map((_, index) => [String(index + 1), '1']),
  );
});

test('the three mail types reach each address of an email recipient with their macros filled in', async () => {
  const outbound = outboundEvents();
  await outbound.addEmailRecipient({
    name: 'Managers',
    to: 'ada@example.com, grace@example.com',
    events: {
      support_conference_end: { subject: 'Session {{lsid}} over', text: 'Ticket {{external_key}} for {{recipient}}' },
      support_conference_customer_exit_survey_completed: true,
      support_conference_rep_exit_survey_completed: true,
    },
  });
  await outbound.start();
  const last = waitFor(outbound, 'delivered', ({ sequence }) => sequence === 3);
  await emitAll(outbound, Date.now());
  await last;

  expect(mails.map(({ subject }) => subject)).toEqual([
    `Session ${session.lsid} over`,
    `Customer exit survey completed for session ${session.lsid}`,
    `Representative exit survey completed for session ${session.lsid}`,
  ]);
  expect(mails.map(({ to }) => to)).toEqual(Array(3).fill(['ada@example.com', 'grace@example.com']));
  expect(mails[0]?.text.trim()).toBe(`Ticket ${session.external_key} for Managers`);
  expect((await outbound.status()).relay.status).toBe('OK');
});

test('a receiver that is down gets everything in order after a restart, with the same bytes and ids', async () => {
  const before = outboundEvents();
  answer = () => 503;
  const settings = { name: 'CRM', url: url('/'), events: '*', retry: { interval: 100, duration: '1h' } } as const;
  await before.addHttpRecipient({ ...settings, alerts: { to: 'ops@example.com', after: 150, recovered: true } });
  await before.start();
  const alerted = waitFor(before, 'alert:sent');
  await emitAll(before, Date.now());
  await alerted;
  expect(mails).toMatchObject([{ to: ['ops@example.com'], subject: 'Outbound events: CRM is failing' }]);
  await before.stop();
  const failed = received.splice(0);

  const after = outboundEvents();
  answer = () => 200;
  const last = waitFor(after, 'delivered', ({ sequence }) => sequence === 7);
  const recovered = waitFor(after, 'alert:sent');
  await after.start();
  await last;
  await recovered;

  expect(received.map((one) => parse(one.body).event)).toEqual(happenings.map(([type]) => type));
  expect(new Set(failed.map(({ body }) => body))).toEqual(new Set([received[0]?.body]));
  expect(new Set(failed.map(({ headers }) => headers['webhook-id']))).toEqual(
    new Set([received[0]?.headers['webhook-id']]),
  );
  expect(Number(received[0]?.headers['webhook-attempt'])).toBe(failed.length + 1);
  expect(mails.at(-1)?.subject).toBe('Outbound events: CRM has recovered');
});
