import { describe, expect, it } from 'vitest';
import type { HttpRecipient } from '../../src/core/recipient.ts';
import type { SendResult } from '../../src/core/transport.ts';
import type { Ending, Exchange } from '../../src/http/exchange.ts';
import { judgeExchange } from '../../src/http/judge-exchange.ts';
import { httpRecipient } from '../../src/testing.ts';

function judge(happened: Partial<Exchange>, success: HttpRecipient['success'] = [200]): SendResult {
  const quiet: Exchange = {
    hasConnection: true,
    isConnected: true,
    isInHandshake: false,
    head: null,
    body: Buffer.of(),
    ending: 'complete',
    isStale: false,
  };
  return judgeExchange(
    { ...quiet, ...happened },
    httpRecipient({ success, timeout: 5000 }),
    'crm.example.com:443',
    now,
  );
}

const now = Date.UTC(2026, 0, 1, 12);

function answered(
  status: number,
  { body = '', ending = 'complete', hasLocation = false, retryAfter, date }: AnswerFields = {},
): Partial<Exchange> {
  return { head: { status, hasLocation, retryAfter, date }, body: Buffer.from(body), ending };
}

interface AnswerFields {
  readonly body?: string;
  readonly ending?: Ending;
  readonly hasLocation?: boolean;
  readonly retryAfter?: string;
  readonly date?: string;
}

describe('a complete answer', () => {
  it.each<[status: number, success: HttpRecipient['success']]>([
    [200, [200]],
    [204, [200, 204]],
    [404, [404]],
    [200, '2xx'],
    [299, '2xx'],
  ])('of %i is a delivery where %j counts', (status, success) => {
    expect(judge(answered(status), success)).toEqual({ outcome: 'delivered', response: { status, text: '' } });
  });

  it.each<[status: number, success: HttpRecipient['success'], message: string]>([
    [204, [200], 'answered 204; only 200 counts'],
    [201, [200], 'answered 201; only 200 counts'],
    [101, [200], 'answered 101; only 200 counts'],
    [304, [200], 'answered 304; only 200 counts'],
    [503, [200], 'answered 503; only 200 counts'],
    [999, [200], 'answered 999; only 200 counts'],
    [200, [201, 202], 'answered 200; only 201 and 202 count'],
    [200, [201, 202, 204], 'answered 200; only 201, 202 and 204 count'],
    [199, '2xx', 'answered 199; only 2xx counts'],
    [300, '2xx', 'answered 300; only 2xx counts'],
  ])('of %i is a failure where %j counts', (status, success, message) => {
    expect(judge(answered(status), success)).toEqual({
      outcome: 'failed',
      error: { code: 'HTTP_STATUS', message },
      response: { status, text: '' },
    });
  });

  it('of 410 is a failure with a code of its own, unless it counts', () => {
    expect(judge(answered(410))).toMatchObject({
      outcome: 'failed',
      error: { code: 'HTTP_GONE', message: 'answered 410: the receiver is gone and does not expect to come back' },
    });
    expect(judge(answered(410), [410]).outcome).toBe('delivered');
  });

  it.each([301, 302, 303, 307, 308])('of %i to another place is a redirect, which is not followed', (status) => {
    expect(judge(answered(status, { hasLocation: true }))).toMatchObject({
      outcome: 'failed',
      error: { code: 'HTTP_REDIRECT', message: `answered ${status}, a redirect; redirects are not followed` },
    });
  });

  it('of 201 with a location is no redirect', () => {
    expect(judge(answered(201, { hasLocation: true }))).toMatchObject({ error: { code: 'HTTP_STATUS' } });
  });
});

describe('an answer that is not complete', () => {
  it('counts once as much of it was read as ever is', () => {
    expect(judge(answered(200, { ending: 'enough' })).outcome).toBe('delivered');
  });

  it.each<[ending: Ending, code: string, message: string]>([
    ['timed-out', 'TIMEOUT_RESPONSE', 'answered 200, but not completely within 5000 ms'],
    [{ code: 'ETIMEDOUT' }, 'TIMEOUT_RESPONSE', 'answered 200, but not completely within 5000 ms'],
    [
      { code: 'HPE_INVALID_CHUNK_SIZE' },
      'HTTP_MALFORMED',
      'answered 200, but with a body that breaks the rules of HTTP',
    ],
    [{ code: 'ECONNRESET' }, 'HTTP_TRUNCATED', 'answered 200, but the connection ended before the answer did'],
    [
      { code: 'ERR_HTTP_CONTENT_LENGTH_MISMATCH' },
      'HTTP_TRUNCATED',
      'answered 200, but the connection ended before the answer did',
    ],
  ])('does not count: %j', (ending, code, message) => {
    expect(judge(answered(200, { ending, body: 'half' }))).toEqual({
      outcome: 'failed',
      error: { code, message },
      response: { status: 200, text: 'half' },
    });
  });

  it('is judged by its status when that does not count anyway', () => {
    expect(judge(answered(500, { ending: 'timed-out' }))).toMatchObject({ error: { code: 'HTTP_STATUS' } });
  });
});

describe('no answer', () => {
  it.each<[happened: Partial<Exchange>, code: string, message: string]>([
    [
      { ending: 'timed-out', isConnected: false },
      'TIMEOUT_CONNECT',
      'no connection to crm.example.com:443 within 5000 ms',
    ],
    [
      { ending: 'timed-out', isConnected: false, isInHandshake: true },
      'TIMEOUT_TLS',
      'crm.example.com:443 did not finish the TLS handshake within 5000 ms',
    ],
    [
      { ending: 'timed-out', isConnected: true },
      'TIMEOUT_RESPONSE',
      'crm.example.com:443 did not answer within 5000 ms',
    ],
    [
      { ending: { code: 'ETIMEDOUT' }, isConnected: false },
      'TIMEOUT_CONNECT',
      'no connection to crm.example.com:443 within 5000 ms',
    ],
    [
      { ending: { code: 'ETIMEDOUT' }, isConnected: true },
      'TIMEOUT_RESPONSE',
      'crm.example.com:443 did not answer within 5000 ms',
    ],
    [
      { ending: { code: 'ECONNREFUSED' } },
      'CONNECT_REFUSED',
      'crm.example.com:443 refused the connection (ECONNREFUSED)',
    ],
  ])('is a failure: %j', (happened, code, message) => {
    expect(judge(happened)).toEqual({ outcome: 'failed', error: { code, message } });
  });
});

it.each([answered(200), answered(500), { head: null }])(
  'what was aborted is aborted, whatever had come: %j',
  (happened) => {
    expect(judge({ ...happened, ending: 'aborted' })).toEqual({
      outcome: 'failed',
      error: { code: 'ABORTED', message: 'the attempt was broken off before a complete answer had come' },
    });
  },
);

describe('the summary of an answer', () => {
  function summary(body: Buffer | string): string | undefined {
    return judge({ ...answered(200), body: Buffer.from(body) }).response?.text;
  }

  it('is at most 500 characters of its body', () => {
    expect(summary('x'.repeat(501))).toBe('x'.repeat(500));
    expect(summary('漢'.repeat(501))).toBe('漢'.repeat(500));
  });

  it('has no halves of characters', () => {
    expect(summary(`x${'😀'.repeat(250)}`)).toBe(`x${'😀'.repeat(249)}\ufffd`);
    expect(summary(Buffer.of(0x61, 0xff, 0xe6, 0xbc))).toBe('a\ufffd\ufffd');
  });

  it('has spaces for characters that control a terminal, a line or the direction of text', () => {
    expect(summary('a\r\nb\tc\0d\u001b[31me\u007ff\u009bg\u2028h\u202ei')).toBe('a  b c d [31me f g h i');
  });
});
