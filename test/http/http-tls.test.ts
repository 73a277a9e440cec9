import { once } from 'node:events';
import { request, type Server } from 'node:https';
import type { Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { guardedAgent } from '../../src/http/guarded-agents.ts';
import { defineEvents, event, OutboundEvents } from '../../src/index.ts';
import { httpRecipient } from '../../src/testing.ts';
import { refusal } from '../core/refusal.ts';
import { Authority, type Certificate } from '../support/certificates.ts';
import {
  answerText,
  ended,
  type HttpReceiver,
  httpReceiver,
  httpTransport,
  listening,
  rawReceiver,
} from './receivers.ts';
import { codeOf, send } from './sending.ts';
import { HttpTransport } from './transport.ts';

/** Receivers, each with a CA of its own, of which every pair is tried. */
const many = 20;

const authority = new Authority('root');
const ca = authority.pem;

function receiver(certificate: Certificate): Promise<HttpReceiver> {
  return httpReceiver((_, response) => response.end('ok'), certificate);
}

describe('a CA', () => {
  it('lets the receiver it vouches for be reached', async () => {
    const { url } = await receiver(authority.issue());
    expect((await send(httpTransport(), { url, ca })).outcome).toBe('delivered');
  });

  it('F46: may be one of several, such as the old and the new one', async () => {
    const old = new Authority('old');
    const transport = httpTransport();
    for (const certificate of [old.issue(), authority.issue()]) {
      const { url } = await receiver(certificate);
      expect((await send(transport, { url, ca: `${old.pem}${ca}` })).outcome).toBe('delivered');
    }
  });

  it('replaces the public roots', async () => {
    const { url } = await receiver(authority.issue());
    expect(codeOf(await send(httpTransport(), { url, ca: new Authority('other').pem }))).toBe('TLS_UNKNOWN_CA');
  });
});

describe('a certificate is verified', () => {
  it('S18: also with NODE_TLS_REJECT_UNAUTHORIZED=0', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    const { url, requests } = await receiver(authority.issue({ notAfter: '2021-01-01T00:00:00Z' }));
    const result = await send(httpTransport(), { url, ca });
    vi.unstubAllEnvs();
    expect(codeOf(result)).toBe('TLS_EXPIRED');
    expect(requests).toEqual([]);
  });

  it('S18: by the connections themselves, whatever is asked of them', async () => {
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    onTestFinished(() => void vi.unstubAllEnvs());
    const { url } = await receiver(authority.issue({ notAfter: '2021-01-01T00:00:00Z' }));
    const { tls } = httpRecipient();
    const rules = { allows: () => true, find: async () => [], proxy: null };
    const agent = guardedAgent({ protocol: 'https:', ca, tls }, rules, true);
    onTestFinished(() => agent.destroy());
    const [error] = await once(request(url, { agent, rejectUnauthorized: false }), 'error');
    expect(error).toMatchObject({ code: 'CERT_HAS_EXPIRED' });
  });

  it.each(['rejectUnauthorized', 'insecure', 'strictSSL', 'checkServerIdentity', 'agent', 'tls', 'https'])(
    'S18: and there is no option %s',
    (name) => {
      const given = { [name]: false };
      const smtp = { host: 'mail.example.com', from: 'a@example.com' };
      const events = defineEvents({ paid: event() });
      for (const act of [
        () => new HttpTransport(given),
        () => new OutboundEvents({ events, storage: ':memory:', ...given }),
        () => new OutboundEvents({ events, storage: ':memory:', smtp: { ...smtp, ...given } }),
      ]) {
        expect(refusal(act)).toMatchObject({ code: 'ERR_CONFIG_UNKNOWN_OPTION' });
      }
    },
  );

  it('F47: also after one that was good, when the receiver has changed it', async () => {
    // With these the receiver would take up earlier sessions, in which no certificate is shown.
    const ticketKeys = Buffer.alloc(48, 'ticket');
    const server = createTlsServer({ ...authority.issue(), ticketKeys }, (socket) => {
      socket.on('data', () => socket.end(answerText(200, 'ok', 'Connection: close')));
    });
    server.on('tlsClientError', () => {});
    const url = `https://${await listening(server)}/`;
    const transport = httpTransport();
    expect((await send(transport, { url, ca })).outcome).toBe('delivered');
    server.setSecureContext({ ...authority.issue({ notAfter: '2021-01-01T00:00:00Z' }), ticketKeys });
    expect(codeOf(await send(transport, { url, ca }))).toBe('TLS_EXPIRED');
  });

  it('F47: whenever a connection is made, whatever the one that was kept alive has shown', async () => {
    const receiving = await receiver(authority.issue());
    const transport = httpTransport();
    const attempt = () => send(transport, { url: receiving.url, ca });
    await attempt();
    (receiving.server as Server).setSecureContext(new Authority('other').issue());
    expect((await attempt()).outcome).toBe('delivered');
    expect(receiving.connections).toBe(1);
    receiving.server.closeAllConnections();
    expect(codeOf(await attempt())).toBe('TLS_UNKNOWN_CA');
    expect(receiving.requests).toHaveLength(2);
  });
});

describe('connections', () => {
  it('are kept and shared by recipients with the same CA', async () => {
    const receiving = await receiver(authority.issue());
    const transport = httpTransport();
    for (let count = 0; count < 5; count++) await send(transport, { id: `crm-${count}`, url: receiving.url, ca });
    expect(receiving.connections).toBe(1);
  });

  it(`F46, S19: that one recipient’s CA vouched for serve no recipient with another: ${many} receivers, ${many} CAs`, async () => {
    const authorities = Array.from({ length: many }, (_, index) => new Authority(`root ${index}`));
    const receivers = await Promise.all(authorities.map((each) => receiver(each.issue())));
    const transport = httpTransport();
    const reach = async (to: number, by: number): Promise<string> => {
      const { url } = receivers[to] as HttpReceiver;
      const result = await send(transport, { url, ca: (authorities[by] as Authority).pem });
      return result.outcome === 'delivered' ? 'delivered' : result.error.code;
    };
    let foreign = 0;
    for (let step = 0; step < many; step++) {
      // Between the foreign pairs each recipient reaches its own receiver, so that its connections are there to be misused.
      const own = await Promise.all(receivers.map((_, index) => reach(index, index)));
      expect(own).toEqual(own.map(() => 'delivered'));
      if (step === 0) continue;
      const others = await Promise.all(receivers.map((_, index) => reach(index, (index + step) % many)));
      expect(others).toEqual(others.map(() => 'TLS_UNKNOWN_CA'));
      foreign += others.length;
    }
    expect(foreign).toBe(many * (many - 1));
    expect(receivers.map(({ requests }) => requests.length)).toEqual(receivers.map(() => many));
  });

  it('S19: made under the CA a recipient had before are not used once it has another', async () => {
    const receiving = await receiver(authority.issue());
    const outbound = new OutboundEvents({
      events: defineEvents({ paid: event() }),
      storage: ':memory:',
      allowedNetworks: 'loopback',
    });
    onTestFinished(() => outbound.stop());
    const told = (name: 'delivered' | 'retrying') => new Promise((resolve) => outbound.once(name, resolve));
    await outbound.addHttpRecipient({ id: 'crm', name: 'CRM', url: receiving.url, events: '*', ca });
    await outbound.start();
    const delivered = told('delivered');
    await outbound.emit('paid', {});
    await delivered;
    await outbound.updateRecipient('crm', { ca: new Authority('other').pem });
    const retrying = told('retrying');
    await outbound.emit('paid', {});
    expect(await retrying).toMatchObject({ error: { code: 'TLS_UNKNOWN_CA' } });
    expect(receiving.requests).toHaveLength(1);
  });

  it('of many CAs: those used longest ago are closed, idle ones at once and busy ones when they are done', async () => {
    const slow = Promise.withResolvers<Socket>();
    const { url, requests, connections } = await rawReceiver((socket) => {
      if (requests.at(-1)?.startsWith('POST /slow')) slow.resolve(socket);
      else socket.write(answerText(200));
    }, authority.issue());
    const transport = httpTransport();
    const bundle = (name: string): string => `# ${name}\n${ca}`;
    const touch = async (from: number, to: number): Promise<void> => {
      const signal = AbortSignal.abort();
      for (let n = from; n <= to; n++) await send(transport, { url, ca: bundle(`bundle ${n}`) }, { signal });
    };
    await send(transport, { url, ca: bundle('idle') });
    const busy = send(transport, { url: new URL('/slow', url).href, ca: bundle('busy') });
    const socket = await slow.promise;
    await send(transport, { url, ca: bundle('kept') });
    await touch(4, 256);
    await send(transport, { url, ca: bundle('kept') });
    await touch(257, 259);
    await ended(connections[0]);
    socket.write(answerText(200));
    expect((await busy).outcome).toBe('delivered');
    await ended(connections[1]);
    await send(transport, { url, ca: bundle('kept') });
    expect(connections).toHaveLength(3);
  });
});
