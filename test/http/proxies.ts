import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';
import type { HttpRecipient } from '../../src/core/recipient.ts';
import type { SendResult } from '../../src/core/transport.ts';
import type { HttpTransportOptions } from '../../src/http.ts';
import type { Certificate } from '../support/certificates.ts';

export interface ConnectProxy {
  readonly authority: string;
  /** The requests for a tunnel, as they came. */
  readonly requests: readonly IncomingMessage[];
  /** What clients sent through tunnels, one character a byte. */
  readonly sent: () => string;
}

/** A proxy that opens tunnels to this machine, whatever the name, until the test ends. */
export async function connectProxy(certificate?: Certificate): Promise<ConnectProxy> {
  const requests: IncomingMessage[] = [];
  const sockets = new Set<Socket>();
  let sent = '';
  const server = certificate === undefined ? createHttpServer() : createHttpsServer({ ...certificate });
  server.on('connection', (socket: Socket) => sockets.add(socket.on('error', () => {})));
  server.on('connect', (request, client) => {
    requests.push(request);
    const { hostname, port } = new URL(`http://${request.url}`);
    const target = connect(Number(port), hostname === '[::1]' ? '::1' : '127.0.0.1');
    sockets.add(target);
    target.on('error', () => client.destroy()).on('close', () => client.destroy());
    client.on('error', () => target.destroy()).on('close', () => target.destroy());
    target.on('connect', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      client.on('data', (chunk: Buffer) => {
        sent += chunk.toString('latin1');
      });
      client.pipe(target).pipe(client);
    });
  });
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return { authority: `127.0.0.1:${port}`, requests, sent: () => sent };
}

/** One attempt in a process of its own, which has nothing in its environment but what it is given. */
export async function sendElsewhere(
  options: HttpTransportOptions,
  recipient: Partial<HttpRecipient>,
  env: Readonly<Record<string, string>>,
): Promise<SendResult> {
  const program = new URL('./children/send-one.ts', import.meta.url).pathname;
  const { stdout } = await promisify(execFile)(process.execPath, [program, JSON.stringify({ options, recipient })], {
    env: { ...env },
  });
  return JSON.parse(stdout);
}
