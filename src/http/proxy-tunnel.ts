import { connect, type LookupFunction, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { codedError } from './coded-error.ts';
import { requestTarget } from './request-target.ts';

/** An HTTP proxy that opens tunnels (`CONNECT`, RFC 9110 §9.3.6). */
export interface HttpProxy {
  readonly isSecure: boolean;
  readonly host: string;
  readonly port: number;
  /** Its credentials, as a header. */
  readonly authorization: string | undefined;
}

export function proxyAt(text: string): HttpProxy {
  const { protocol, origin, authorization } = requestTarget(text);
  const isSecure = protocol === 'https:';
  return {
    isSecure,
    host: origin.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(origin.port || (isSecure ? 443 : 80)),
    authorization,
  };
}

/** A longer head is none of a proxy that means well. */
const largestHead = 16_384;

/**
 * Has the proxy open a tunnel to `target`, which is `host:port`. Resolves with a connection on which nothing but the
 * request for it has been sent, and nothing read beyond the answer. Rejects with a coded error, at once when `stop` aborts.
 */
export function openTunnel(
  proxy: HttpProxy,
  target: string,
  lookup: LookupFunction,
  stop: AbortSignal,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    let trouble = 'PROXY_CONNECT';
    let head = '';
    const socket = connectTo(proxy, lookup);
    socket.once('connect', () => {
      trouble = proxy.isSecure ? 'PROXY_TLS' : 'PROXY_CLOSED';
    });
    socket.once(proxy.isSecure ? 'secureConnect' : 'connect', () => {
      trouble = 'PROXY_CLOSED';
      socket.write(connectRequest(target, proxy.authorization));
    });
    const read = (): void => {
      for (let chunk = socket.read(); chunk !== null; chunk = socket.read()) head += chunk.toString('latin1');
      const verdict = judgeHead(head);
      if (verdict === 'open') open();
      else if (verdict !== null) fail(verdict);
    };
    const open = (): void => {
      leave();
      resolve(socket);
    };
    const fail = (code: string): void => {
      leave();
      // What still comes of it is nobody's business.
      socket.on('error', () => {}).destroy();
      reject(codedError(code));
    };
    const end = (): void => fail(trouble);
    const leave = (): void => {
      socket.off('readable', read).off('error', end).off('close', end);
      stop.removeEventListener('abort', end);
    };
    socket.on('readable', read).on('error', end).on('close', end);
    stop.addEventListener('abort', end);
    if (stop.aborted) end();
  });
}

function connectTo({ isSecure, host, port }: HttpProxy, lookup: LookupFunction): Socket {
  const options = { host, port, lookup, autoSelectFamily: true, noDelay: true };
  // Said aloud, so that NODE_TLS_REJECT_UNAUTHORIZED=0 changes nothing.
  return isSecure ? connectTls({ ...options, rejectUnauthorized: true }) : connect(options);
}

function connectRequest(target: string, authorization: string | undefined): string {
  const lines = [`CONNECT ${target} HTTP/1.1`, `Host: ${target}`];
  if (authorization !== undefined) lines.push(`Proxy-Authorization: ${authorization}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** `open`, the code of what is wrong, or `null` while more has to come. */
function judgeHead(head: string): string | null {
  const end = head.indexOf('\r\n\r\n');
  const [, status] = /^HTTP\/1\.[01] (\d{3})(?=[ \r])/.exec(head) ?? [];
  if (status === undefined && (end !== -1 || head.length > 'HTTP/1.1 200 '.length)) return 'PROXY_MALFORMED';
  if (end === -1) return head.length > largestHead ? 'PROXY_MALFORMED' : null;
  if (status?.startsWith('2') !== true) return `PROXY_STATUS_${status}`;
  // Whoever is at the other end has been asked nothing yet.
  return head.length > end + 4 ? 'PROXY_MALFORMED' : 'open';
}
