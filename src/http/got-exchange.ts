import http, { type Agent, type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import https from 'node:https';
import got from 'got';
import { ConnectionUse } from './connection-use.ts';
import type { Ending, Exchange, StopReason } from './exchange.ts';
import { ExchangeNotes } from './exchange-notes.ts';
import type { OutgoingRequest } from './outgoing-request.ts';
import { stoppedBy } from './tunnelled-connections.ts';

const client = got.extend({
  method: 'POST',
  retry: { limit: 0 },
  followRedirect: false,
  throwHttpErrors: false,
  decompress: false,
});

/** Sends the request by got, and reads its answer. Never rejects; ends at once when `stop` aborts. */
export function gotExchange(request: OutgoingRequest, agent: Agent, stop: AbortSignal): Promise<Exchange> {
  const { target, headers, body } = request;
  const isSecure = target.protocol === 'https:';
  return new Promise((resolve) => {
    const notes = new ExchangeNotes();

    /** Opens the request itself, because got would write path and query anew from the URL. */
    const open = (url: URL, options: RequestOptions): ClientRequest => {
      const native = (isSecure ? https : http).request(url, {
        ...options,
        ...stoppedBy(stop),
        agent,
        path: target.path,
      });
      native.once('socket', (socket) => {
        notes.connection = new ConnectionUse(socket, isSecure);
      });
      native.once('upgrade', (answer, socket) => {
        socket.destroy();
        notes.answered(answer.statusCode ?? 0, answer.headers);
        settle('complete');
      });
      return native;
    };

    const settle = (ending: Ending): void => {
      resolve(notes.result(ending));
      // What may still come on its connection would be taken for the next answer.
      if (ending !== 'complete') stream.destroy();
    };

    const stream = client.stream(target.origin, { headers: { ...headers }, body, request: open });
    stream.on('response', (answer) => {
      if (isHttp1(answer)) notes.answered(answer.statusCode, answer.headers);
      else settle({ code: 'HPE_INVALID_VERSION' });
    });
    stream.on('data', (chunk: Buffer) => {
      if (notes.read(chunk)) settle('enough');
    });
    stream.on('end', () => settle(notes.over));
    stream.on('error', (error: NodeJS.ErrnoException) => settle(notes.brokenBy(error)));
    const onStop = (): void => settle(stop.reason as StopReason);
    if (stop.aborted) onStop();
    else stop.addEventListener('abort', onStop, { once: true });
  });
}

/** The parser takes other versions too, which are not written like this. */
function isHttp1({ httpVersion }: IncomingMessage): boolean {
  return httpVersion === '1.1' || httpVersion === '1.0';
}
