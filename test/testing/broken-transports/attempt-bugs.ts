import type { ClientRequest, IncomingMessage } from 'node:http';
import type { SendResult } from '../../../src/core/transport.ts';
import { delivered, failed } from '../../../src/testing.ts';
import { type BrokenTransports, type Exchange, type HttpAttempt, PlainTransport } from './plain-transport.ts';

const farOff = 2 ** 31 - 1;

/** Bugs in what becomes of an attempt when there is no whole answer, or no time. */
export const attemptBugs: BrokenTransports = {
  'has no time limit': {
    caughtBy: 'faults: no answer fails when the time of the recipient is over (F33)',
    Broken: class extends PlainTransport {
      override timeLimit(): number {
        return farOff;
      }
    },
  },
  'limits the silence only': {
    caughtBy: 'faults: the time is that of the whole attempt, however slowly the head comes (F34)',
    Broken: class extends PlainTransport {
      override timeLimit(): number {
        return farOff;
      }

      override prepare(sent: ClientRequest, { recipient }: HttpAttempt): void {
        sent.setTimeout(recipient.timeout, () =>
          sent.destroy(Object.assign(new Error(), { code: 'TIMEOUT_RESPONSE' })),
        );
      }
    },
  },
  'limits the time to the head only': {
    caughtBy: 'faults: the time is that of the whole attempt, however slowly the text comes (F34)',
    Broken: class extends PlainTransport {
      override timeLimit(): number {
        return farOff;
      }

      override async post(attempt: HttpAttempt, signal: AbortSignal): Promise<IncomingMessage> {
        const late = Promise.withResolvers<never>();
        const error = Object.assign(new Error(), { code: 'TIMEOUT_RESPONSE' });
        const timer = setTimeout(() => late.reject(error), attempt.recipient.timeout);
        return Promise.race([super.post(attempt, signal), late.promise]).finally(() => clearTimeout(timer));
      }
    },
  },
  'throws when it cannot connect': {
    caughtBy: 'faults: when nobody listens it fails',
    Broken: class extends PlainTransport {
      override failure(code: string): SendResult {
        if (code === 'ECONNREFUSED') throw new Error(code);
        return super.failure(code);
      }
    },
  },
  'takes silence for consent': {
    caughtBy: 'faults: a connection that is closed without an answer fails',
    Broken: class extends PlainTransport {
      override failure(code: string): SendResult {
        return code === 'ECONNRESET' ? delivered() : super.failure(code);
      }
    },
  },
  'takes a reset for the end of the answer': {
    caughtBy: 'faults: a connection that is reset fails, at any point of the answer (F36)',
    Broken: class extends PlainTransport {
      override failure(code: string): SendResult {
        return code === 'HTTP_TRUNCATED' ? delivered() : super.failure(code);
      }
    },
  },
  'reads nothing but the head': {
    caughtBy: 'framing: an answer that is cut anywhere fails (F39)',
    Broken: class extends PlainTransport {
      override async exchange(attempt: HttpAttempt, signal: AbortSignal): Promise<Exchange> {
        const response = await this.post(attempt, signal);
        response.on('error', () => {}).resume();
        return { status: response.statusCode ?? 0, body: Buffer.of() };
      }
    },
  },
  'does not know what is no HTTP': {
    caughtBy: 'faults: an answer of another protocol fails',
    Broken: class extends PlainTransport {
      override failure(code: string): SendResult {
        return super.failure(code.startsWith('HPE_') ? 'ECONNRESET' : code);
      }
    },
  },
  'gives a receiver up after a failure': {
    caughtBy: 'faults: after a failed attempt the next can be delivered',
    Broken: class extends PlainTransport {
      #givenUp = false;

      override async send(attempt: HttpAttempt, options: { readonly signal: AbortSignal }): Promise<SendResult> {
        const result = this.#givenUp ? failed('CONNECT_FAILED') : await super.send(attempt, options);
        this.#givenUp = result.outcome === 'failed';
        return result;
      }
    },
  },
  'takes an answer for that to the next attempt': {
    caughtBy: 'connections: what follows an answer is no answer to the next attempt (F41)',
    Broken: class extends PlainTransport {
      #left: Exchange | undefined;

      override async exchange(attempt: HttpAttempt, signal: AbortSignal): Promise<Exchange> {
        this.#left ??= await super.exchange(attempt, signal);
        return this.#left;
      }
    },
  },
  'ignores the signal': {
    caughtBy: 'signal: the signal ends an attempt that waits for its answer, and its connection',
    Broken: class extends PlainTransport {
      override follow(): void {}
    },
  },
  'ignores the signal once the head has come': {
    caughtBy: 'signal: the signal ends an attempt in the middle of its answer',
    Broken: class extends PlainTransport {
      #unfollow = (): void => {};

      override follow(signal: AbortSignal, abort: () => void): void {
        super.follow(signal, abort);
        this.#unfollow = () => this.unfollow(signal, abort);
      }

      override prepare(sent: ClientRequest): void {
        sent.on('response', () => this.#unfollow());
      }
    },
  },
  'sends although the signal has aborted': {
    caughtBy: 'signal: with a signal that has aborted nothing is sent',
    Broken: class extends PlainTransport {
      override async send(attempt: HttpAttempt, { signal }: { readonly signal: AbortSignal }): Promise<SendResult> {
        const result = await super.send(attempt, { signal: new AbortController().signal });
        return signal.aborted ? failed('ABORTED') : result;
      }
    },
  },
  'ends all attempts with one': {
    caughtBy: 'signal: an attempt that was ended does not end others',
    Broken: class extends PlainTransport {
      override follow(signal: AbortSignal, abort: () => void): void {
        super.follow(signal, abort);
        signal.addEventListener('abort', () => this.agent.destroy());
      }
    },
  },
  'leaves its listener on the signal': {
    caughtBy: 'signal: no listener stays on the signal when the attempt is over',
    Broken: class extends PlainTransport {
      override unfollow(): void {}
    },
  },
};
