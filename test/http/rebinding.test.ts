import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, LookupFunction } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Authority } from '../support/certificates.ts';
import { httpTransport } from './receivers.ts';
import { codeOf, send } from './sending.ts';
import { sentinel } from './sentinel.ts';

const authority = new Authority('root');
const certificate = authority.issue({ hosts: ['crm.example.com'] });

/** Stands for the public internet; the sentinel is at 127.0.0.1, on the same port. */
const outsideAddress = '127.0.0.2';

/** What the name is found to have, one after another: an allowed address, forbidden ones, and both in every order. */
const answers: readonly (readonly string[])[] = [
  [outsideAddress],
  ['127.0.0.1'],
  ['127.0.0.1', outsideAddress],
  [outsideAddress, '127.0.0.1'],
  ['::1', outsideAddress],
  ['::1', '127.0.0.1'],
  ['::ffff:127.0.0.1', outsideAddress, '::1'],
  // Nobody listens there: the next one is tried.
  ['127.0.0.3', '127.0.0.1', outsideAddress],
];

/** A receiver that keeps some connections, closes others, and cuts some idle ones as they are used again. */
async function receiver(scheme: string) {
  const counts = { answered: 0, cut: 0, kept: 0 };
  const served = new WeakSet<object>();
  let count = 0;
  const listener: RequestListener = (request, response) => {
    request.resume().on('end', () => {
      count += 1;
      const isKept = served.has(request.socket);
      served.add(request.socket);
      if (isKept) counts.kept += 1;
      if (isKept && count % 3 === 0) {
        counts.cut += 1;
        request.socket.destroy();
        return;
      }
      counts.answered += 1;
      if (count % 2 === 0) response.setHeader('connection', 'close');
      response.end();
    });
  };
  const server = scheme === 'https' ? createHttpsServer(certificate, listener) : createHttpServer(listener);
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  await once(server.listen(0, outsideAddress), 'listening');
  return { port: (server.address() as AddressInfo).port, counts };
}

describe.each([
  ['http', 1_000],
  ['https', 300],
])('S2: a name of %s that is found at another address each time', (scheme, requests) => {
  it(`leads to allowed addresses only, in ${requests} requests over kept, new and cut connections`, async () => {
    const { port, counts } = await receiver(scheme);
    const trap = await sentinel({ host: '127.0.0.1', port });
    let lookups = 0;
    const lookup: LookupFunction = (_hostname, _options, callback) => {
      const addresses = answers[lookups++ % answers.length] ?? [];
      callback(
        null,
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      );
    };
    const transport = httpTransport({ allowedNetworks: [outsideAddress, '127.0.0.3'], lookup });
    const recipient = { url: `${scheme}://crm.example.com:${port}/`, ca: scheme === 'https' ? authority.pem : null };
    const codes: (string | undefined)[] = [];
    const sendSome = async (): Promise<void> => {
      while (codes.length < requests) codes.push(codeOf(await send(transport, recipient)));
    };
    await Promise.all(Array.from({ length: 8 }, sendSome));

    expect(await trap.connections()).toBe(0);
    expect(new Set(codes)).toEqual(new Set([undefined, 'ADDRESS_BLOCKED']));
    expect(codes.filter((code) => code === undefined)).toHaveLength(counts.answered);
    // All of it was tried.
    expect(Math.min(lookups, counts.answered, counts.cut, counts.kept)).toBeGreaterThan(10);
  });
});
