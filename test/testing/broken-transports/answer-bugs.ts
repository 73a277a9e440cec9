import type { IncomingHttpHeaders } from 'node:http';
import type { SendResult } from '../../../src/core/transport.ts';
import { failed } from '../../../src/testing.ts';
import { type BrokenTransports, type HttpAttempt, PlainTransport } from './plain-transport.ts';

/** Bugs in what the receiver wishes. */
export const answerBugs: BrokenTransports = {
  'takes 410 for any other status': {
    caughtBy: 'statuses: 410 says that the receiver is gone',
    Broken: class extends PlainTransport {
      override judge(attempt: HttpAttempt, status: number, text: string, headers: IncomingHttpHeaders): SendResult {
        if (status === 410) return { ...failed(410), response: { status, text } };
        return super.judge(attempt, status, text, headers);
      }
    },
  },
  'does not read Retry-After': {
    caughtBy: 'statuses: how long a 429 or 503 asks not to be tried again is told, in seconds or as a date',
    Broken: class extends PlainTransport {
      override waitAskedFor(): undefined {}
    },
  },
  'reads Retry-After in milliseconds': {
    caughtBy: 'statuses: how long a 429 or 503 asks not to be tried again is told, in seconds or as a date',
    Broken: class extends PlainTransport {
      override waitAskedFor(status: number, headers: IncomingHttpHeaders): number | undefined {
        const wait = super.waitAskedFor(status, headers);
        return wait === undefined ? undefined : wait / 1000;
      }
    },
  },
  'measures a date from its own clock': {
    caughtBy: 'statuses: how long a 429 or 503 asks not to be tried again is told, in seconds or as a date',
    Broken: class extends PlainTransport {
      override waitAskedFor(status: number, headers: IncomingHttpHeaders): number | undefined {
        return super.waitAskedFor(status, { ...headers, date: new Date().toUTCString() });
      }
    },
  },
  'heeds Retry-After of any answer': {
    caughtBy: 'statuses: other answers, and other words, ask for no wait',
    Broken: class extends PlainTransport {
      override waitAskedFor(_status: number, headers: IncomingHttpHeaders): number | undefined {
        return super.waitAskedFor(503, headers);
      }
    },
  },
};
