import { getEventListeners, once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { EmailTransport } from '../../src/email.ts';
import type { RelayScript } from './relay-script.ts';
import { ScriptedRelay } from './scripted-relay.ts';
import { attempt, storedEvent, transportTo, unaborted } from './sending.ts';

const send = (transport: EmailTransport, signal = unaborted) => transport.send(attempt(), { signal });

/** What of ours still keeps the process alive: timers begun since the watch began, and sockets. */
function watchHandles() {
  const timers = vi.spyOn(globalThis, 'setTimeout');
  return () => {
    const running = timers.mock.results.filter(({ value }) => !(value as { _destroyed: boolean })._destroyed);
    return [...running, ...process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap')];
  };
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('F57, F64: a relay that is too slow', () => {
  it.each<[string, RelayScript, string]>([
    ['to greet', { greeting: 'silence' }, 'the relay did not greet in time'],
    ['after EHLO', { ehlo: 'silence' }, 'the relay did not answer in time'],
    ['after MAIL', { mail: 'silence' }, 'the relay did not answer in time'],
    ['after RCPT', { rcpt: 'silence' }, 'the relay did not answer in time'],
    ['after DATA', { data: 'silence' }, 'the relay did not answer in time'],
    ['after the final dot', { dot: 'silence' }, 'the relay did not answer in time; the mail may have arrived'],
  ])('%s makes the attempt fail', async (_when, script, message) => {
    await using relay = await ScriptedRelay.start(script);
    await using transport = transportTo(
      relay.port,
      {},
      { timeouts: script.greeting ? { connect: 150 } : { reply: 150 } },
    );
    expect(await send(transport)).toMatchObject({
      outcome: 'failed',
      error: { code: 'SMTP_TIMEOUT', message },
      relay: message,
    });
    await relay.until(() => relay.open === 0);
  });

  it('to finish STARTTLS makes the attempt fail', async () => {
    await using relay = await ScriptedRelay.start({ extensions: ['STARTTLS'], starttls: '220 2.0.0 go on' });
    await using transport = transportTo(relay.port, { startTls: 'required' }, { timeouts: { connect: 600 } });
    expect(await send(transport)).toMatchObject({
      error: { code: 'SMTP_TIMEOUT', message: 'the relay did not finish STARTTLS in time' },
    });
    await relay.until(() => relay.open === 0);
  });

  it('to begin TLS makes the attempt fail', async () => {
    await using relay = await ScriptedRelay.start({ greeting: 'silence' });
    await using transport = transportTo(relay.port, { secure: true }, { timeouts: { connect: 150 } });
    expect(await send(transport)).toMatchObject({
      error: { code: 'SMTP_TIMEOUT', message: 'no connection to the relay in time' },
    });
    await relay.until(() => relay.open === 0);
  });

  it('cannot gain time by sending something now and then', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => {}).write('220-');
      const drip = setInterval(() => socket.write('220-still here\r\n'), 20);
      socket.once('close', () => clearInterval(drip));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await using transport = transportTo(port, {}, { timeouts: { reply: 200, mail: 400 } });
    expect(await send(transport)).toMatchObject({
      outcome: 'failed',
      error: { code: 'SMTP_TIMEOUT', message: 'the relay took too long over the mail' },
    });
    await transport.close();
    server.close();
    await once(server, 'close');
  });
});

it('F57: a reply to the final dot may take its time: the mail is sent once, and delivered when it comes', async () => {
  await using relay = await ScriptedRelay.start({ dot: 'silence' });
  await using transport = transportTo(relay.port, {}, { timeouts: { reply: 20_000 } });
  const sent = send(transport);
  await relay.until(() => relay.dots === 1);
  // Whatever is on its way meanwhile has come: nothing of it was another mail.
  expect(await transport.probe({ signal: unaborted })).toBe('OK');
  relay.say('250 2.0.0 queued at last');
  expect(await sent).toMatchObject({ outcome: 'delivered', response: { text: '2.0.0 queued at last' } });
  expect(relay.dots).toBe(1);
});

it('F65: a relay that is not there makes the attempt fail', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  await using transport = transportTo(port);
  const message = 'the relay refused the connection (ECONNREFUSED)';
  expect(await send(transport)).toEqual({
    outcome: 'failed',
    error: { code: 'SMTP_CONNECT', message },
    relay: message,
    progress: { served: [], refused: [] },
  });
  await using nowhere = transportTo(port, { host: 'relay.invalid', startTls: 'required' });
  expect(await send(nowhere)).toMatchObject({ outcome: 'failed', error: { code: 'SMTP_CONNECT' } });
});

describe('an aborted attempt', () => {
  const aborted = {
    outcome: 'failed',
    error: { code: 'ABORTED', message: 'the attempt was ended before the relay had answered' },
    progress: { served: [], refused: [] },
  };

  it.each<[string, RelayScript, (relay: ScriptedRelay) => boolean]>([
    ['before the greeting', { greeting: 'silence' }, (relay) => relay.open === 1],
    ['after MAIL', { mail: 'silence' }, (relay) => relay.commands.some((command) => command.startsWith('MAIL'))],
    ['after DATA', { data: 'silence' }, (relay) => relay.commands.includes('DATA')],
    ['after the final dot', { dot: 'silence' }, (relay) => relay.dots === 1],
  ])('%s ends at once, and its connection with it', async (_when, script, isThere) => {
    await using relay = await ScriptedRelay.start(script);
    await using transport = transportTo(relay.port);
    const abort = new AbortController();
    const result = send(transport, abort.signal);
    await relay.until(() => isThere(relay));
    abort.abort();
    expect(await result).toEqual(aborted);
    await relay.until(() => relay.open === 0);
    expect(relay.mails).toEqual([]);
  });

  it('does not begin when it is aborted already', async () => {
    await using relay = await ScriptedRelay.start();
    await using transport = transportTo(relay.port);
    expect(await send(transport, AbortSignal.abort())).toEqual(aborted);
    expect(relay.mostOpen).toBe(0);
  });

  it('leaves no listener on its signal, and neither does any other', async () => {
    await using relay = await ScriptedRelay.start();
    await using transport = transportTo(relay.port);
    const { signal } = new AbortController();
    await Promise.all([send(transport, signal), send(transport, signal), send(transport, signal)]);
    await transport.probe({ signal });
    relay.script = { mail: 'drop' };
    await send(transport, signal);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('keeps its progress', async () => {
    await using transport = transportTo(1);
    const progress = { served: ['a@x.test'], refused: [] };
    const begun = attempt({ to: ['a@x.test', 'b@x.test'] }, undefined, progress);
    expect(await transport.send(begun, { signal: AbortSignal.abort() })).toEqual({ ...aborted, progress });
  });
});

it('at most so many mails as connections are allowed are under way at a time; the others wait, and alerts and probes do not', async () => {
  await using relay = await ScriptedRelay.start({ dot: 'silence' });
  await using transport = transportTo(relay.port, { maxConnections: 2 });
  const abort = new AbortController();
  const impatient = new AbortController();
  const results = [1, 2, 3, 4].map((n) =>
    transport.send(attempt({}, storedEvent({ id: `ev-${n}` })), { signal: n === 3 ? impatient.signal : abort.signal }),
  );
  await relay.until(() => relay.dots === 2);
  expect(await transport.probe({ signal: unaborted })).toBe('OK');
  impatient.abort();
  expect(await results[2]).toMatchObject({ outcome: 'failed', error: { code: 'ABORTED' } });
  expect(relay.mostOpen).toBe(3);
  relay.script = {};
  abort.abort();
  await Promise.all(results);
  expect(await send(transport)).toMatchObject({ outcome: 'delivered' });
});

describe('close', () => {
  it.each<[string, RelayScript]>([
    ['that say nothing', { greeting: 'silence' }],
    ['with a mail under way', { dot: 'silence' }],
    ['that wait for another mail', { quit: 'silence' }],
  ])('ends connections %s, and leaves nothing open', async (_what, script) => {
    await using relay = await ScriptedRelay.start(script);
    const handles = watchHandles();
    const transport = transportTo(relay.port);
    const result = send(transport);
    await relay.until(() => relay.open === 1 && (script.greeting !== undefined || relay.dots === 1));
    if (script.quit !== undefined) await result;
    expect(handles()).not.toEqual([]);
    await transport.close();
    const { outcome } = await result;
    expect(outcome).toBe(script.quit === undefined ? 'failed' : 'delivered');
    await relay.until(() => relay.open === 0);
    expect(handles()).toEqual([]);
  });

  it('ends what waits for its turn, and what comes after it', async () => {
    await using relay = await ScriptedRelay.start({ greeting: 'silence' });
    const transport = transportTo(relay.port);
    const results = [send(transport), send(transport), send(transport)];
    await relay.until(() => relay.open === 2);
    await transport.close();
    await transport.close();
    results.push(send(transport));
    for (const result of results) expect(await result).toMatchObject({ outcome: 'failed', error: { code: 'ABORTED' } });
    expect(relay.mostOpen).toBe(2);
  });
});

describe('a connection that has taken a mail', () => {
  it('takes the next one too', async () => {
    await using relay = await ScriptedRelay.start({ extensions: ['AUTH PLAIN'] });
    await using transport = transportTo(relay.port, { auth: { user: 'me', pass: 'secret' } });
    const handles = watchHandles();
    for (let i = 0; i < 3; i++) expect(await send(transport)).toMatchObject({ outcome: 'delivered' });
    const [endOfWait, ...others] = handles().filter((handle) => typeof handle === 'object');
    expect([endOfWait?.value, ...others]).toEqual([expect.objectContaining({ _idleTimeout: 10_000 })]);
    expect(relay.commands.map((command) => command.split(/[ :]/)[0])).toEqual([
      'EHLO',
      'AUTH',
      ...Array(3).fill(['MAIL', 'RCPT', 'DATA']).flat(),
    ]);
    expect(relay.mails).toHaveLength(3);
    expect(relay.connections).toBe(1);
  });

  it('is left when no other comes', async () => {
    await using relay = await ScriptedRelay.start();
    await using transport = transportTo(relay.port, {}, { timeouts: { idle: 50 } });
    const handles = watchHandles();
    await send(transport);
    await relay.until(() => relay.open === 0);
    expect(relay.commands.at(-1)).toBe('QUIT');
    await transport.close();
    expect(handles()).toEqual([]);
  });

  it('is left although the relay does not answer', async () => {
    await using relay = await ScriptedRelay.start({ quit: 'silence' });
    await using transport = transportTo(relay.port, {}, { timeouts: { idle: 10, quit: 50 } });
    await send(transport);
    await relay.until(() => relay.open === 0);
    expect(relay.commands.at(-1)).toBe('QUIT');
  });

  it.each<[string, RelayScript]>([
    ['wants no more mails over it', { mail: (_, before) => (before === 1 ? '421 4.7.0 enough' : '250 2.1.0 ok') }],
    ['closes it at the next', { mail: (_, before) => (before === 1 ? 'drop' : '250 2.1.0 ok') }],
    ['closes it late in the next', { data: (_, before) => (before === 1 ? 'drop' : '354 go on') }],
  ])('is replaced within the attempt when the relay %s', async (_what, script) => {
    await using relay = await ScriptedRelay.start(script);
    await using transport = transportTo(relay.port);
    expect(await send(transport)).toMatchObject({ outcome: 'delivered' });
    expect(await send(transport)).toMatchObject({ outcome: 'delivered', relay: 'OK' });
    expect(relay.mails).toHaveLength(2);
    expect(relay.connections).toBe(2);
  });

  it('is replaced when the relay has closed it meanwhile', async () => {
    await using relay = await ScriptedRelay.start();
    await using transport = transportTo(relay.port);
    await send(transport);
    relay.hangUp();
    expect(await send(transport)).toMatchObject({ outcome: 'delivered' });
    await relay.until(() => relay.open === 1);
    relay.hangUp();
    await relay.until(() => relay.open === 0);
    expect(await send(transport)).toMatchObject({ outcome: 'delivered' });
    expect(relay.mails).toHaveLength(3);
  });

  it.each<[string, RelayScript]>([
    ['refuses the next mail', { data: (_, before) => (before === 1 ? '554 5.7.1 no' : '354 go on') }],
    ['puts the next mail off', { data: (_, before) => (before === 1 ? '451 4.3.0 later' : '354 go on') }],
  ])('is not replaced when the relay %s', async (_what, script) => {
    await using relay = await ScriptedRelay.start(script);
    await using transport = transportTo(relay.port);
    expect(await send(transport)).toMatchObject({ outcome: 'delivered' });
    expect(await send(transport)).toMatchObject({ error: { code: 'SMTP_MAIL' }, relay: 'OK' });
    expect(relay.connections).toBe(1);
  });

  it('F56: makes the attempt fail when it is lost with a mail under way: the relay may have it', async () => {
    await using relay = await ScriptedRelay.start({ dot: (_, before) => (before === 1 ? 'drop' : '250 2.0.0 queued') });
    await using transport = transportTo(relay.port);
    expect(await send(transport)).toMatchObject({ outcome: 'delivered' });
    expect(await send(transport)).toMatchObject({ outcome: 'failed', error: { code: 'SMTP_CUT' } });
    expect(relay.dots).toBe(2);
    expect(relay.connections).toBe(1);
  });

  it.each<[string, RelayScript]>([
    ['refused the mail', { dot: '554 5.7.1 spam' }],
    ['refused all addresses', { rcpt: '550 5.1.1 no such user' }],
    ['put all addresses off', { rcpt: '450 4.2.0 greylisted' }],
  ])('is the only one that is kept: not one on which the relay %s', async (_what, script) => {
    await using relay = await ScriptedRelay.start(script);
    await using transport = transportTo(relay.port);
    await send(transport);
    await relay.until(() => relay.open === 0);
    relay.script = {};
    expect(await send(transport)).toMatchObject({ outcome: 'delivered' });
  });
});

it.each([1, 5, 10])(
  'of fifty mails at once, no more than %i connections are open for events',
  async (maxConnections) => {
    await using relay = await ScriptedRelay.start();
    await using transport = transportTo(relay.port, { maxConnections });
    const mails = Array.from({ length: 50 }, (_, n) => attempt({}, storedEvent({ id: `ev-${n}` })));
    const results = await Promise.all(mails.map((mail) => transport.send(mail, { signal: unaborted })));
    expect(results.every(({ outcome }) => outcome === 'delivered')).toBe(true);
    expect(relay.mails).toHaveLength(50);
    expect(relay.mostOpen).toBe(maxConnections);
    expect(relay.connections).toBe(maxConnections);
  },
);

it.each([1, 3])(
  'nor are there more than %i when all mails are refused and the relay is slow to say goodbye',
  async (maxConnections) => {
    await using relay = await ScriptedRelay.start({ rcpt: '550 5.1.1 no such user', quit: 'silence' });
    await using transport = transportTo(relay.port, { maxConnections }, { timeouts: { quit: 20 } });
    const mails = Array.from({ length: 12 }, (_, n) => attempt({}, storedEvent({ id: `ev-${n}` })));
    let open = 0;
    relay.script = {
      ...relay.script,
      mail: () => {
        open = Math.max(open, relay.open);
        return '250 2.1.0 ok';
      },
    };
    const results = await Promise.all(mails.map((mail) => transport.send(mail, { signal: unaborted })));
    expect(results.every(({ outcome }) => outcome === 'rejected')).toBe(true);
    expect(open).toBe(maxConnections);
  },
);

it('a connection that is being left is none for events any more: it is closed before there is another', async () => {
  let open = 0;
  await using relay = await ScriptedRelay.start({
    quit: 'silence',
    mail: () => {
      open = Math.max(open, relay.open);
      return '250 2.1.0 ok';
    },
  });
  await using transport = transportTo(relay.port, { maxConnections: 1 }, { timeouts: { idle: 1, quit: 20_000 } });
  for (let mails = 1; mails <= 3; mails += 1) {
    expect(await send(transport)).toMatchObject({ outcome: 'delivered' });
    await relay.until(() => relay.commands.filter((command) => command === 'QUIT').length === mails);
  }
  expect(relay.connections).toBe(3);
  expect(open).toBe(1);
});
