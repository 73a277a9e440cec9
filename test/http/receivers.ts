import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import {
  type AddressInfo,
  connect,
  createServer as createTcpServer,
  type Socket,
  type Server as TcpServer,
} from 'node:net';
import { text } from 'node:stream/consumers';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { onTestFinished } from 'vitest';
import type { HttpTransportOptions } from '../../src/http.ts';
import type { Certificate } from '../support/certificates.ts';
import { HttpTransport } from './transport.ts';

/** A transport that is closed when the test ends. The receivers of the tests are on loopback. */
export function httpTransport(options?: HttpTransportOptions): HttpTransport {
  const transport = new HttpTransport({ allowedNetworks: ['loopback'], ...options });
  onTestFinished(() => transport.close());
  return transport;
}

/** A receiver that gets and gives bytes. `answer` is called for each whole request, counted from 1 over all connections. */
export async function rawReceiver(
  answer: (socket: Socket, count: number) => void,
  certificate?: Certificate,
): Promise<RawReceiver> {
  const requests: string[] = [];
  const connections: Socket[] = [];
  const accept = (socket: Socket): void => {
    connections.push(socket);
    socket.on('error', () => {});
    let received = '';
    socket.setEncoding('latin1').on('data', (chunk) => {
      received += chunk;
      for (let size = requestSize(received); received !== '' && received.length >= size; size = requestSize(received)) {
        requests.push(received.slice(0, size));
        received = received.slice(size);
        answer(socket, requests.length);
      }
    });
  };
  const server =
    certificate === undefined
      ? createTcpServer(accept)
      : createTlsServer({ ...certificate }, accept as (s: TLSSocket) => void);
  server.on('tlsClientError', () => {});
  const authority = await listening(server);
  return { url: `${certificate === undefined ? 'http' : 'https'}://${authority}/hook`, requests, connections };
}

export interface RawReceiver {
  readonly url: string;
  /** As they came, one character a byte. */
  readonly requests: readonly string[];
  readonly connections: readonly Socket[];
}

function requestSize(received: string): number {
  const head = received.indexOf('\r\n\r\n');
  const length = /\r\ncontent-length: *(\d+)/i.exec(received.slice(0, head))?.[1];
  return head === -1 || length === undefined ? Number.POSITIVE_INFINITY : head + 4 + Number(length);
}

/** An answer as bytes, with a body and its length. */
export function answerText(status: number, body = 'ok', ...headers: readonly string[]): string {
  const lines = [`HTTP/1.1 ${status} Status`, ...headers, `Content-Length: ${Buffer.byteLength(body)}`, '', body];
  return lines.join('\r\n');
}

/** A receiver as hosts write them. */
export async function httpReceiver(listener: RequestListener, certificate?: Certificate): Promise<HttpReceiver> {
  const requests: ReceivedRequest[] = [];
  let connections = 0;
  const receive: RequestListener = (request, response) => {
    text(request).then(
      (body) => {
        requests.push({ head: request, body });
        listener(request, response);
      },
      () => {},
    );
  };
  const server: Server =
    certificate === undefined ? createHttpServer(receive) : createHttpsServer({ ...certificate }, receive);
  server.on(certificate === undefined ? 'connection' : 'secureConnection', () => {
    connections += 1;
  });
  const authority = await listening(server);
  return {
    url: `${certificate === undefined ? 'http' : 'https'}://${authority}/hook`,
    requests,
    get connections() {
      return connections;
    },
    server,
  };
}

export interface HttpReceiver {
  readonly url: string;
  readonly requests: readonly ReceivedRequest[];
  /** Connections made so far; with TLS, those that were verified. */
  readonly connections: number;
  readonly server: Server;
}

export interface ReceivedRequest {
  readonly head: IncomingMessage;
  readonly body: string;
}

/** Connections made to the receiver so far. Connects itself, because a receiver hears of connections late, but in order. */
export async function connectionsTo(receiver: HttpReceiver): Promise<number> {
  const { hostname, port } = new URL(receiver.url);
  const own = connect(Number(port), hostname);
  await Promise.all([once(own, 'connect'), once(receiver.server, 'connection')]);
  own.destroy();
  return receiver.connections - 1;
}

/** Resolves when the other side has closed the connection, or this side has. */
export function ended(socket: Socket | undefined): Promise<void> {
  if (socket === undefined) throw new Error('There was no connection.');
  return new Promise((resolve) => {
    if (socket.closed) resolve();
    else socket.once('close', () => resolve());
  });
}

/** A port of this machine on which nobody listens. */
export async function closedPort(): Promise<number> {
  const server = createTcpServer();
  const { port } = new URL(`http://${await listening(server)}`);
  server.close();
  await once(server, 'close');
  return Number(port);
}

/** Lets a server listen until the test ends, and resolves with its address and port. */
export async function listening(server: TcpServer): Promise<string> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}
