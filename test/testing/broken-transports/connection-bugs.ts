import { Agent, type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import type { SendResult } from '../../../src/core/transport.ts';
import { type BrokenTransports, type Exchange, type HttpAttempt, PlainTransport } from './plain-transport.ts';

/** Makes the request again after some failures, so many times. */
class Insistent extends PlainTransport {
  readonly times: number = 1;
  reused = false;

  override prepare(sent: ClientRequest): void {
    sent.on('socket', () => {
      this.reused ||= sent.reusedSocket;
    });
  }

  isWorthAnother(): boolean {
    return true;
  }

  override async exchange(attempt: HttpAttempt, signal: AbortSignal): Promise<Exchange> {
    for (let left = this.times; left > 0; left -= 1) {
      try {
        return await super.exchange(attempt, signal);
      } catch (error) {
        if (!this.isWorthAnother()) throw error;
      }
    }
    return super.exchange(attempt, new AbortController().signal);
  }
}

/** Bugs in how connections are used, and in where an answer is taken to end. */
export const connectionBugs: BrokenTransports = {
  'wants a length': {
    caughtBy: 'framing: an answer is whole by its length, its last chunk, or the end of the connection',
    Broken: class extends PlainTransport {
      override async post(attempt: HttpAttempt, signal: AbortSignal): Promise<IncomingMessage> {
        const response = await super.post(attempt, signal);
        if (response.headers['content-length'] !== undefined) return response;
        response.destroy();
        throw Object.assign(new Error(), { code: 'HTTP_TRUNCATED' });
      }
    },
  },
  'reads what is almost HTTP': {
    caughtBy: 'framing: a head that breaks the rules fails (F40)',
    Broken: class extends PlainTransport {
      override options(): RequestOptions {
        return { insecureHTTPParser: true };
      }
    },
  },
  'reads any version of HTTP': {
    caughtBy: 'framing: a head that breaks the rules fails (F40)',
    Broken: class extends PlainTransport {
      override isHttp(): boolean {
        return true;
      }
    },
  },
  'takes broken chunks for a cut': {
    caughtBy: 'framing: chunks that break the rules fail (F39)',
    Broken: class extends PlainTransport {
      override failure(code: string): SendResult {
        return super.failure(code === 'HPE_BODY' ? 'HTTP_TRUNCATED' : code);
      }
    },
  },
  'reads heads of any size': {
    caughtBy: 'framing: a head that is too large fails (F40)',
    Broken: class extends PlainTransport {
      override options(): RequestOptions {
        return { maxHeaderSize: 10_000_000 };
      }
    },
  },
  'asks a receiver again that hung up': {
    caughtBy: 'connections: a connection that is closed or reset at once fails (F36)',
    Broken: Insistent,
  },
  'begins to count the time when the request is written': {
    caughtBy: 'connections: a receiver that stops reading is left when the time is over (F35)',
    Broken: class extends PlainTransport {
      override timeLimit(): number {
        return 2 ** 31 - 1;
      }

      override prepare(sent: ClientRequest, { recipient }: HttpAttempt): void {
        const late = (): void => void sent.destroy(Object.assign(new Error(), { code: 'TIMEOUT_RESPONSE' }));
        sent.on('finish', () => setTimeout(late, recipient.timeout).unref());
      }
    },
  },
  'waits behind a request it has given up': {
    caughtBy: 'connections: a receiver that has fallen silent gets a new connection (F35)',
    Broken: class extends PlainTransport {
      override readonly agent = new Agent({ keepAlive: true, maxSockets: 1 });

      override async exchange(attempt: HttpAttempt, signal: AbortSignal): Promise<Exchange> {
        const stopped = Promise.withResolvers<never>();
        signal.addEventListener('abort', () => stopped.reject(new Error('given up')));
        const answer = super.exchange(attempt, new AbortController().signal);
        answer.catch(() => {});
        return Promise.race([answer, stopped.promise]);
      }
    },
  },
  'tries a kept connection three times': {
    caughtBy: 'connections: a kept connection that closes unanswered costs one request more at most (F37)',
    Broken: class extends Insistent {
      override readonly times = 3;

      override isWorthAnother(): boolean {
        return this.reused;
      }
    },
  },
  'asks again on a new connection, whatever happened on the kept one': {
    caughtBy: 'connections: a receiver that had begun to answer, or had its time, is not asked again (F37)',
    Broken: class extends Insistent {
      override isWorthAnother(): boolean {
        return this.reused;
      }
    },
  },
  'takes a closed connection for an old friend': {
    caughtBy: 'connections: a receiver that closes after each answer without saying so loses no event (F37)',
    Broken: class extends PlainTransport {
      #last: Exchange | undefined;

      override async exchange(attempt: HttpAttempt, signal: AbortSignal): Promise<Exchange> {
        this.#last ??= await super.exchange(attempt, signal);
        return this.#last;
      }
    },
  },
  'takes an early answer for the next one too': {
    caughtBy: 'connections: an answer before the request was read is none to the next attempt (F41)',
    Broken: class extends PlainTransport {
      #early: Exchange | undefined;

      override async exchange(attempt: HttpAttempt, signal: AbortSignal): Promise<Exchange> {
        if (this.#early !== undefined) return this.#early;
        const answer = await super.exchange(attempt, signal);
        if (this.body(attempt).length > 1_000_000) this.#early = answer;
        return answer;
      }
    },
  },
  'keeps what was upgraded': {
    caughtBy: 'connections: an upgrade fails, and its connection is not kept (F32)',
    Broken: class extends PlainTransport {
      override upgraded(): void {}
    },
  },
};
