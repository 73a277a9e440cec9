import { afterEach, describe, expect, it, vi } from 'vitest';
import { Authority, type Certificate, selfSigned } from '../support/certificates.ts';
import type { RelayScript } from './relay-script.ts';
import { ScriptedRelay } from './scripted-relay.ts';
import { attempt, transportTo, unaborted } from './sending.ts';
import { pass, startServer, user } from './smtp-server.ts';

const authority = new Authority('relay authority');
const certificate = authority.issue();

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('F58, S17: with STARTTLS required', () => {
  const required = { startTls: 'required', ca: authority.pem } as const;

  it('the mail goes over TLS', async () => {
    await using server = await startServer({ ...certificate });
    await using transport = transportTo(server.port, required);
    expect(await transport.send(attempt(), { signal: unaborted })).toMatchObject({ outcome: 'delivered' });
    expect(server.mails).toEqual([{ to: ['a@receiver.test'], secure: true, user: false }]);
  });

  it.each([[undefined], ['454 4.7.0 not now'], ['501 5.5.4 no']])(
    'nothing but STARTTLS is said to a relay that does not do it (%s)',
    async (starttls) => {
      const extensions = ['AUTH PLAIN LOGIN', 'SIZE 100000'];
      await using relay = await ScriptedRelay.start({ extensions, ...(starttls && { starttls }) });
      await using transport = transportTo(relay.port, { ...required, auth: { user, pass } });
      expect(await transport.send(attempt(), { signal: unaborted })).toMatchObject({
        outcome: 'failed',
        error: { code: 'SMTP_TLS_REQUIRED', message: expect.stringContaining('TLS is required, but the relay') },
      });
      expect(relay.received).toMatch(/^EHLO \S+\r\nSTARTTLS\r\n$/);
    },
  );

  it('what was said in the clear counts for nothing: not before STARTTLS, and not together with its reply', async () => {
    await using relay = await ScriptedRelay.start({
      extensions: ['STARTTLS'],
      starttls: '220 2.0.0 go on\r\n250-injected.test\r\n250 AUTH PLAIN',
    });
    await using transport = transportTo(
      relay.port,
      { ...required, auth: { user, pass } },
      { timeouts: { connect: 300 } },
    );
    expect(await transport.send(attempt(), { signal: unaborted })).toMatchObject({ outcome: 'failed' });
    expect(relay.commands.slice(0, 2)).toEqual([expect.stringMatching(/^EHLO/), 'STARTTLS']);
    expect(relay.commands.join('\n')).not.toMatch(/AUTH|MAIL/);
  });
});

describe.each([
  ['STARTTLS', { startTls: 'required', secure: false }],
  ['TLS from the first byte', { startTls: 'if-offered', secure: true }],
] as const)('F60: with %s', (_way, smtp) => {
  const start = (given: Certificate) => startServer({ ...given, secure: smtp.secure });

  it('the mail goes to a relay whose certificate can be verified', async () => {
    await using server = await start(certificate);
    await using transport = transportTo(server.port, { ...smtp, ca: authority.pem });
    expect(await transport.send(attempt(), { signal: unaborted })).toMatchObject({ outcome: 'delivered' });
    expect(server.mails).toMatchObject([{ secure: true }]);
  });

  it('S16: the name of the relay is asked for, so that of two relays at one address the right one is met', async () => {
    const one = authority.issue({ hosts: ['one.test'] });
    const options = {
      ...one,
      secure: smtp.secure,
      sniOptions: { localhost: authority.issue({ hosts: ['localhost'] }) },
    };
    await using server = await startServer(options);
    await using byName = transportTo(server.port, { ...smtp, ca: authority.pem, host: 'localhost' });
    expect(await byName.send(attempt(), { signal: unaborted })).toMatchObject({ outcome: 'delivered' });
    // An address cannot be asked for (RFC 6066 §3), but the certificate must be for it all the same.
    await using byAddress = transportTo(server.port, { ...smtp, ca: authority.pem, host: '127.0.0.1' });
    expect(await byAddress.send(attempt(), { signal: unaborted })).toMatchObject({
      error: { code: 'SMTP_CERTIFICATE', message: expect.stringContaining('a certificate for another host') },
    });
    expect(server.mails).toHaveLength(1);
  });

  it.each(['localhost', '127.0.0.1'])('S16: the certificate must be for %s', async (host) => {
    await using right = await start(authority.issue({ hosts: [host] }));
    await using toRight = transportTo(right.port, { ...smtp, ca: authority.pem, host });
    expect(await toRight.send(attempt(), { signal: unaborted })).toMatchObject({ outcome: 'delivered' });
    await using wrong = await start(authority.issue({ hosts: ['localhost', '127.0.0.1'].filter((it) => it !== host) }));
    await using toWrong = transportTo(wrong.port, { ...smtp, ca: authority.pem, host });
    expect(await toWrong.send(attempt(), { signal: unaborted })).toMatchObject({
      outcome: 'failed',
      error: { code: 'SMTP_CERTIFICATE' },
      relay: 'the relay has a certificate for another host (ERR_TLS_CERT_ALTNAME_INVALID)',
    });
    expect(wrong.mails).toEqual([]);
  });

  it.each<[string, Certificate, string | null, string]>([
    ['by itself', selfSigned(), authority.pem, 'a self-signed certificate'],
    ['by an unknown authority', new Authority('other').issue(), authority.pem, 'a certificate of an unknown authority'],
    ['by an authority that is not public', certificate, null, 'a certificate of an unknown authority'],
    [
      'for a time that is over',
      authority.issue({ notAfter: '2021-01-01T00:00:00Z' }),
      authority.pem,
      'a certificate that has expired',
    ],
    [
      'for a time to come',
      authority.issue({ notBefore: '2098-01-01T00:00:00Z' }),
      authority.pem,
      'a certificate that is not yet valid',
    ],
  ])('S18: a certificate signed %s is refused, whatever the environment says', async (_how, given, ca, problem) => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    await using server = await start(given);
    await using transport = transportTo(server.port, { ...smtp, ca });
    const result = await transport.send(attempt(), { signal: unaborted });
    expect(result).toMatchObject({ outcome: 'failed', error: { code: 'SMTP_CERTIFICATE' } });
    expect(result).toMatchObject({ error: { message: expect.stringContaining(`the relay has ${problem}`) } });
    expect(server.mails).toEqual([]);
  });
});

it('TLS from the first byte is not spoken with a relay that greets in the clear', async () => {
  await using relay = await ScriptedRelay.start();
  await using transport = transportTo(relay.port, { secure: true, auth: { user, pass } });
  expect(await transport.send(attempt(), { signal: unaborted })).toMatchObject({
    outcome: 'failed',
    error: { code: 'SMTP_TLS', message: expect.stringContaining('the relay does not speak TLS with us') },
  });
});

it('on loopback the mail goes in the clear although the relay offers a certificate that nobody has signed', async () => {
  await using server = await startServer({ ...selfSigned() });
  await using transport = transportTo(server.port);
  expect(await transport.send(attempt(), { signal: unaborted })).toMatchObject({ outcome: 'delivered' });
  expect(server.mails).toMatchObject([{ secure: false }]);
});

describe('F59: with a login', () => {
  const smtp = { startTls: 'required', ca: authority.pem, auth: { user, pass } } as const;

  it.each(['PLAIN', 'LOGIN', 'CRAM-MD5'])('by %s the mail goes from a user', async (method) => {
    await using server = await startServer({
      ...certificate,
      authMethods: [method],
      onAuth(given, _session, callback) {
        const isRight =
          given.method === 'PLAIN' || given.method === 'LOGIN' ? given.password === pass : given.validatePassword(pass);
        if (isRight) callback(null, { user });
        else callback(new Error('wrong'));
      },
    });
    await using transport = transportTo(server.port, smtp);
    expect(await transport.send(attempt(), { signal: unaborted })).toMatchObject({ outcome: 'delivered' });
    expect(server.mails).toMatchObject([{ user }]);
  });

  it('that is refused nothing is sent, and the password is shown to nobody', async () => {
    await using server = await startServer({ ...certificate });
    await using transport = transportTo(server.port, { ...smtp, auth: { user: 'other', pass } });
    const result = await transport.send(attempt(), { signal: unaborted });
    expect(result).toMatchObject({
      outcome: 'failed',
      error: { code: 'SMTP_AUTH', message: 'the relay refused the login: 535 wrong: ***' },
      relay: 'the relay refused the login: 535 wrong: ***',
      response: { status: 535, text: 'wrong: ***' },
    });
    expect(server.logins).toEqual(['PLAIN other']);
    expect(server.mails).toEqual([]);
    expect(await transport.probe({ signal: unaborted })).toBe('the relay refused the login: 535 wrong: ***');
  });

  it('that the relay does not offer nothing is sent, no password either', async () => {
    await using relay = await ScriptedRelay.start();
    await using transport = transportTo(relay.port, { auth: { user, pass } });
    const message = 'the relay offers no login, but smtp.auth is set; nothing was sent';
    expect(await transport.send(attempt(), { signal: unaborted })).toMatchObject({
      outcome: 'failed',
      error: { code: 'SMTP_AUTH', message },
    });
    expect(await transport.probe({ signal: unaborted })).toBe(message);
    expect(relay.commands.every((command) => command.startsWith('EHLO'))).toBe(true);
  });

  it.each<[string, RelayScript, string]>([
    [
      'only ways to log in that need more than a password',
      { extensions: ['AUTH GSSAPI NTLM XOAUTH2'] },
      'the relay offers no login that can be used',
    ],
    [
      'a login in its greeting only',
      { ehlo: '250 scripted.test AUTH PLAIN' },
      'the relay offers no login, but smtp.auth is set; nothing was sent',
    ],
    [
      'nothing at all, knowing no EHLO',
      { ehlo: '502 5.5.1 what?', helo: '250 scripted.test' },
      'the relay offers no login, but smtp.auth is set; nothing was sent',
    ],
  ])('that the relay cannot do nothing is sent: %s', async (_what, script, message) => {
    await using relay = await ScriptedRelay.start(script);
    await using transport = transportTo(relay.port, { auth: { user, pass } });
    expect(await transport.send(attempt(), { signal: unaborted })).toMatchObject({
      outcome: 'failed',
      error: { code: 'SMTP_AUTH', message },
      relay: message,
    });
    expect(relay.received).toMatch(/^(?:(?:EHLO|HELO) \S+\r\n)+$/);
  });

  it('that never comes to an end is given up', async () => {
    await using relay = await ScriptedRelay.start({ extensions: ['AUTH PLAIN'], auth: '334 ', other: '334 ' });
    await using transport = transportTo(relay.port, { auth: { user, pass } });
    expect(await transport.send(attempt(), { signal: unaborted })).toMatchObject({
      outcome: 'failed',
      error: { code: 'SMTP_AUTH', message: 'the relay put off the login: 334' },
    });
    expect(relay.commands.length).toBeLessThan(10);
  });

  it.each(['454 4.7.0 later', '504 5.5.4 mechanism not known', '334 what now', 'drop'])(
    'that goes wrong (%s) nothing is sent',
    async (auth) => {
      await using relay = await ScriptedRelay.start({ extensions: ['AUTH PLAIN'], auth });
      await using transport = transportTo(relay.port, { auth: { user, pass } }, { timeouts: { reply: 300 } });
      const result = await transport.send(attempt(), { signal: unaborted });
      expect(result).toMatchObject({ outcome: 'failed' });
      expect(JSON.stringify(result)).not.toContain(pass);
      expect(relay.commands.join('\n')).not.toContain('MAIL');
    },
  );
});
