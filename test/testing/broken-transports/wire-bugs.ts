import { type ClientRequest, get, type IncomingHttpHeaders } from 'node:http';
import { gunzipSync } from 'node:zlib';
import type { HttpRecipient } from '../../../src/core/recipient.ts';
import type { SendResult } from '../../../src/core/transport.ts';
import { delivered, failed } from '../../../src/testing.ts';
import { type BrokenTransports, type Exchange, type HttpAttempt, PlainTransport } from './plain-transport.ts';

async function fetchExchange(url: string, init: RequestInit): Promise<Exchange> {
  const response = await fetch(url, { method: 'POST', ...init });
  return { status: response.status, body: Buffer.from(await response.arrayBuffer()) };
}

/** Bugs in what is sent, what is made of an answer, and what is left open. */
export const wireBugs: BrokenTransports = {
  'posts twice': {
    caughtBy: 'statuses: a delivery is posted once, and 200 is delivered',
    Broken: class extends PlainTransport {
      override async exchange(attempt: HttpAttempt, signal: AbortSignal): Promise<Exchange> {
        await super.exchange(attempt, signal);
        return super.exchange(attempt, signal);
      }
    },
  },
  'judges by the text': {
    caughtBy: 'statuses: 200 is delivered whatever the text says (F48)',
    Broken: class extends PlainTransport {
      override judge(attempt: HttpAttempt, status: number, text: string, headers: IncomingHttpHeaders): SendResult {
        return text.includes('error') ? failed(status) : super.judge(attempt, status, text, headers);
      }
    },
  },
  'takes 204 for success': {
    caughtBy: 'statuses: every other status fails, and is told (F30)',
    Broken: class extends PlainTransport {
      override judge(attempt: HttpAttempt, status: number, text: string, headers: IncomingHttpHeaders): SendResult {
        return super.judge(attempt, status === 204 ? 200 : status, text, headers);
      }
    },
  },
  'is put off by interim answers': {
    caughtBy: 'statuses: what a status announces is waited for (F32)',
    Broken: class extends PlainTransport {
      override prepare(sent: ClientRequest): void {
        sent.on('information', () => sent.emit('error', new Error('no answer')));
      }
    },
  },
  'follows redirects': {
    caughtBy: 'statuses: a redirect fails, and its target is never contacted (F31)',
    Broken: class extends PlainTransport {
      override exchange(attempt: HttpAttempt, signal: AbortSignal): Promise<Exchange> {
        return fetchExchange(attempt.recipient.url, { body: this.body(attempt), signal, redirect: 'follow' });
      }
    },
  },
  'follows redirects to the same receiver': {
    caughtBy: 'statuses: a redirect to the same place is not followed (F31)',
    Broken: class extends PlainTransport {
      override async exchange(attempt: HttpAttempt, signal: AbortSignal): Promise<Exchange> {
        const first = await super.exchange(attempt, signal);
        return first.status === 308 ? super.exchange(attempt, signal) : first;
      }
    },
  },
  'knows only redirects that it could follow': {
    caughtBy: 'statuses: a redirect to an odd place is one too (F31)',
    Broken: class extends PlainTransport {
      override isRedirect(status: number, location: string | undefined): boolean {
        return super.isRedirect(status, location) && URL.canParse(location ?? '');
      }
    },
  },
  'takes every 3xx for a redirect': {
    caughtBy: 'statuses: without a place to go to it is a status like any other (F31)',
    Broken: class extends PlainTransport {
      override isRedirect(status: number): boolean {
        return super.isRedirect(status, '');
      }
    },
  },
  'takes an interim answer for a promise': {
    caughtBy: 'statuses: what a status announces is no answer (F32)',
    Broken: class extends PlainTransport {
      #announced = false;

      override prepare(sent: ClientRequest): void {
        sent.on('information', () => {
          this.#announced = true;
        });
      }

      override failure(code: string): SendResult {
        return this.#announced ? delivered() : super.failure(code);
      }
    },
  },
  'gives attempts that overlap one answer': {
    caughtBy: 'statuses: attempts that overlap have their own answers',
    Broken: class extends PlainTransport {
      #exchange: Promise<Exchange> | undefined;

      override exchange(attempt: HttpAttempt, signal: AbortSignal): Promise<Exchange> {
        this.#exchange ??= super.exchange(attempt, signal);
        return this.#exchange;
      }
    },
  },
  'tries a recipient out when it is checked': {
    caughtBy: 'statuses: checking a recipient contacts nobody',
    Broken: class extends PlainTransport {
      override check(recipient: HttpRecipient): void {
        get(recipient.url, (response) => response.resume()).on('error', () => {});
      }
    },
  },
  'sends other bytes when it repeats': {
    caughtBy: 'bytes: a repeated attempt sends the same bytes, but for its number and its time',
    Broken: class extends PlainTransport {
      override body(attempt: HttpAttempt): string {
        return `${super.body(attempt)}${' '.repeat(attempt.number)}`;
      }
    },
  },
  'tells milliseconds': {
    caughtBy: 'bytes: a repeated attempt sends the same bytes, but for its number and its time',
    Broken: class extends PlainTransport {
      override headers(attempt: HttpAttempt): Record<string, string> {
        return { ...super.headers(attempt), date: String(attempt.at) };
      }
    },
  },
  'shows which process sends': {
    caughtBy: 'bytes: another process sends the same bytes, but for the number and the time',
    Broken: class extends PlainTransport {
      readonly #process = `${performance.now()}`;

      override headers(attempt: HttpAttempt): Record<string, string> {
        return { ...super.headers(attempt), 'x-process': this.#process };
      }
    },
  },
  'does not tell the id of the event': {
    caughtBy: 'bytes: the id of the event is in the request',
    Broken: class extends PlainTransport {
      override headers(attempt: HttpAttempt): Record<string, string> {
        return { ...super.headers(attempt), 'webhook-id': 'some id' };
      }
    },
  },
  'tidies the URL up': {
    caughtBy: 'bytes: path and query go out byte for byte',
    Broken: class extends PlainTransport {
      override target({ recipient }: HttpAttempt): string {
        const { pathname, search } = new URL(recipient.url);
        return pathname + search;
      }
    },
  },
  'cuts large events': {
    caughtBy: 'bytes: a large event is sent whole',
    Broken: class extends PlainTransport {
      override body(attempt: HttpAttempt): string {
        return super.body(attempt).slice(0, 65_536);
      }
    },
  },
  'tells nothing of the answer': {
    caughtBy: 'response summary: the beginning of the answer is told, whatever its status',
    Broken: class extends PlainTransport {
      override summary(): string {
        return '';
      }
    },
  },
  'tells all of the answer': {
    caughtBy: 'response summary: at most 500 characters are told',
    Broken: class extends PlainTransport {
      override summary(body: Buffer): string {
        return body.toString();
      }
    },
  },
  'tells control characters': {
    caughtBy: 'response summary: control characters are replaced',
    Broken: class extends PlainTransport {
      override summary(body: Buffer): string {
        return body.toString().slice(0, 500).toWellFormed();
      }
    },
  },
  'cuts a character in halves': {
    caughtBy: 'response summary: what is told is well-formed text, whatever was answered',
    Broken: class extends PlainTransport {
      override summary(body: Buffer): string {
        const text = body.toString().slice(0, 500);
        return text.replaceAll(/\p{Cc}/gu, ' ');
      }
    },
  },
  'unfolds what is compressed': {
    caughtBy: 'response summary: a compressed answer does not unfold (F38)',
    Broken: class extends PlainTransport {
      override summary(body: Buffer): string {
        return super.summary(gunzipSync(body));
      }
    },
  },
  'reads an answer to its end': {
    caughtBy: 'response summary: an answer without end is not waited for (F38)',
    Broken: class extends PlainTransport {
      override async exchange(attempt: HttpAttempt, signal: AbortSignal): Promise<Exchange> {
        return fetchExchange(attempt.recipient.url, { body: this.body(attempt), signal, redirect: 'manual' });
      }
    },
  },
  'keeps its connections': {
    caughtBy: 'close: closing leaves no connection open',
    Broken: class extends PlainTransport {
      override async close(): Promise<void> {}
    },
  },
  'sends after it was closed': {
    caughtBy: 'close: nothing is sent after closing',
    Broken: class extends PlainTransport {
      override async close(): Promise<void> {
        this.agent.destroy();
      }
    },
  },
  'cannot be closed twice': {
    caughtBy: 'close: a transport that was never used can be closed, and a closed one again',
    Broken: class extends PlainTransport {
      #closes = 0;

      override async close(): Promise<void> {
        this.#closes += 1;
        if (this.#closes > 1) throw new Error('closed before');
        await super.close();
      }
    },
  },
};
