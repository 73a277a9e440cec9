import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { inspect } from 'node:util';
import { SMTPServer } from 'smtp-server';
import { expect, onTestFinished, test, vi } from 'vitest';
import { lifecycleEventNames } from '../../src/core/lifecycle.ts';
import { createSecretKey, OutboundEvents, supportSessionEvents } from '../../src/index.ts';
import { waitFor } from '../../src/testing.ts';
import { selfSigned } from '../support/certificates.ts';

// Nothing is faked here: a SQLite file, a receiver and a relay on loopback. Both repeat all they are told.

/** One for each place that can hold a secret, so that a hit says which one leaked. */
const canaries = {
  user: 'canary-user-4711',
  password: 'canary%20pass%2F4712',
  path: 'canary-path-4713',
  query: 'canary-query-4714',
  header: 'canary-header-4715',
  bearer: 'canary-bearer-4716',
  signing: `whsec_${Buffer.from('canary-signing-secret-0004717-xx').toString('base64')}`,
  passphrase: 'canary-passphrase-4718',
  smtp: 'canary-smtp-4719',
};
/** As they are, and as they may be written down on the way. */
const forms = Object.entries({ ...canaries, key: createSecretKey() }).flatMap(([place, secret]) => {
  const encoded = [secret, decodeURIComponent(secret), base64(secret), encodeURIComponent(secret)];
  return encoded.map((form) => [place, form] as const);
});

function base64(plain: string): string {
  return Buffer.from(plain).toString('base64').replaceAll('=', '');
}

/** Places whose secret is in the text. */
function leaks(shown: string): readonly string[] {
  return forms.filter(([, form]) => shown.includes(form)).map(([place, form]) => `${place}: ${form}`);
}

const inspectAll = { depth: 20, showHidden: true, maxStringLength: null };

test('S7, S8, S35: 0 hits of a secret in events, status, errors, mails, logs, answers and the database file', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'outbound-events-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const shown: string[] = [];
  const log = (value: unknown): void => void shown.push(inspect(value, inspectAll));
  const show = (value: unknown): void => {
    log(value);
    shown.push(JSON.stringify(value) ?? '');
    if (value instanceof Error) shown.push(String(value), String(value.stack));
  };
  for (const name of ['log', 'info', 'warn', 'error', 'debug'] as const) {
    const spy = vi.spyOn(console, name).mockImplementation((...words: unknown[]) => show(words));
    onTestFinished(() => spy.mockRestore());
  }
  const onWarning = (warning: Error): void => show(warning);
  process.on('warning', onWarning);
  onTestFinished(() => void process.off('warning', onWarning));

  const received: string[] = [];
  const receiver = createServer(async (request: IncomingMessage, response: ServerResponse) => {
    const told = `${request.url}\n${request.rawHeaders.join('\n')}\n${await text(request)}`;
    received.push(told);
    response.writeHead(500, { 'x-told': 'all' }).end(told);
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void receiver.close());
  const { port } = receiver.address() as AddressInfo;

  const relay = new SMTPServer({
    secure: false,
    hideSTARTTLS: true,
    authMethods: ['PLAIN'],
    allowInsecureAuth: true,
    onAuth: ({ username, password }, _session, callback) => {
      callback(Object.assign(new Error(`no such login: ${username} ${password}`), { responseCode: 535 }));
    },
  });
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', () => resolve()));
  onTestFinished(() => new Promise<void>((resolve) => relay.close(() => resolve())));

  const secretKey = String(forms.find(([place]) => place === 'key')?.[1]);
  const outbound = new OutboundEvents({
    events: supportSessionEvents,
    storage: join(directory, 'events.db'),
    allowedNetworks: 'any',
    secretKey,
    smtp: {
      host: '127.0.0.1',
      port: (relay.server.address() as AddressInfo).port,
      auth: { user: 'appliance', pass: canaries.smtp },
      from: 'appliance@example.com',
    },
  });
  for (const name of lifecycleEventNames) outbound.on(name, show);

  const { cert, key } = selfSigned();
  const http = {
    name: 'CRM',
    events: '*',
    url: `http://${canaries.user}:${canaries.password}@127.0.0.1:${port}/${canaries.path}?token=${canaries.query}`,
    headers: { 'x-api-key': canaries.header, 'x-auth': `Bearer ${canaries.bearer}` },
    signingSecrets: [canaries.signing],
    tls: { cert, key, passphrase: canaries.passphrase },
    alerts: { to: 'ops@example.com', after: 0 },
  } as const;
  log(await outbound.addHttpRecipient(http));
  show(
    await outbound.addEmailRecipient({
      name: 'Managers',
      to: 'a@example.com',
      events: { support_conference_end: true },
    }),
  );
  const listed = await outbound.listRecipients();
  log(listed);
  show(outbound);

  const refused = [
    { ...http, url: `ftp://${canaries.user}:${canaries.password}@x/${canaries.path}` },
    { ...http, headers: { 'x-api-key': `${canaries.header}\n` } },
    { ...http, headers: { host: canaries.header } },
    { ...http, signingSecrets: [`${canaries.signing}!`] },
    { ...http, tls: { cert: canaries.passphrase } },
    { ...http, tls: { cert, key: `${key}${canaries.passphrase}`, passphrase: [canaries.passphrase] } },
    { ...http, ca: canaries.passphrase },
    { ...http, name: 5 },
  ];
  for (const settings of refused) {
    await outbound.addHttpRecipient(settings as never).then(
      () => expect.unreachable(`accepted ${Object.keys(settings)}`),
      (error: unknown) => show(error),
    );
  }

  const tried = Promise.all([
    waitFor(outbound, 'retrying', ({ recipientId }) => recipientId === 'crm'),
    waitFor(outbound, 'retrying', ({ recipientId }) => recipientId === 'managers'),
    waitFor(outbound, 'relay:status'),
  ]);
  await outbound.start();
  await outbound.emit('support_conference_end', { lsid: 'a1b2' });
  await tried;
  show(await outbound.status());
  await outbound.updateRecipient('crm', { headers: { 'x-api-key': `${canaries.header} again` } });
  show(await outbound.status());
  show(await outbound.listDropped());
  const storedWhileRunning = await allFiles(directory);
  await outbound.stop();

  expect(leaks(received.join('\n')).length).toBeGreaterThan(5);
  expect(leaks(JSON.stringify(listed)).length).toBeGreaterThan(5);
  expect(shown.length).toBeGreaterThan(20);
  expect(leaks(shown.join('\n'))).toEqual([]);
  expect(leaks(storedWhileRunning)).toEqual([]);
  expect(leaks(await allFiles(directory))).toEqual([]);
  expect(storedWhileRunning).toContain('a1b2');
});

async function allFiles(directory: string): Promise<string> {
  const files = await readdir(directory);
  const contents = await Promise.all(files.map((file) => readFile(join(directory, file), 'latin1')));
  return contents.join('\n');
}
