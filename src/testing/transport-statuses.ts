import { strict as assert } from 'node:assert';
import type { SendResult } from '../core/transport.ts';
import { answering, answeringRaw } from './receiver.ts';
import { assertFailed, deadUrl, type TransportTests } from './transport-subject.ts';

const otherStatuses = [
  201, 202, 203, 204, 205, 206, 207, 226, 304, 400, 401, 403, 404, 408, 409, 413, 418, 422, 429, 500, 501, 502, 503,
  504, 599, 999,
];

const redirects = [300, 301, 302, 303, 305, 307, 308];

/** What a status says. */
export const transportStatusTests: TransportTests = {
  'a delivery is posted once, and 200 is delivered': async (subject) => {
    const receiver = await subject.receiver(answering(200, 'taken'));
    const result = await subject.send(receiver.url);
    assert.equal(result.outcome, 'delivered');
    assert.deepEqual(result.response, { status: 200, text: 'taken' });
    assert.deepEqual(
      receiver.requests.map(({ method }) => method),
      ['POST'],
    );
  },

  '200 is delivered whatever the text says (F48)': async (subject) => {
    for (const text of ['', '{"error":"no such session"}', 'Internal Server Error']) {
      const receiver = await subject.receiver(answering(200, text));
      assert.equal((await subject.send(receiver.url)).outcome, 'delivered');
    }
  },

  'every other status fails, and is told (F30)': async (subject) => {
    const receiver = await subject.receiver((response, { target }) => {
      response.writeHead(Number(target.split('?')[1])).end();
    });
    for (const status of otherStatuses) {
      const result = await subject.send(`${receiver.url}?${status}`);
      assertFailed(result, 'HTTP_STATUS');
      assert.equal(result.response?.status, status);
      assert(result.outcome === 'failed' && result.error.message.includes(`${status}`), `the error hides ${status}`);
    }
    assert.equal(receiver.requests.length, otherStatuses.length, 'an attempt is one request');
  },

  '410 says that the receiver is gone': async (subject) => {
    const receiver = await subject.receiver(answering(410));
    const result = await subject.send(receiver.url);
    assertFailed(result, 'HTTP_GONE');
    assert.equal(result.response?.status, 410);
  },

  'how long a 429 or 503 asks not to be tried again is told, in seconds or as a date': async (subject) => {
    const date = 'Thu, 01 Jan 2099 12:00:00 GMT';
    const later = 'Thu, 01 Jan 2099 12:02:00 GMT';
    for (const status of [429, 503]) {
      for (const headers of [{ 'retry-after': '120' }, { 'retry-after': later, date }]) {
        const receiver = await subject.receiver(answering(status, '', headers));
        assert.equal(waitAskedFor(await subject.send(receiver.url)), 120_000);
      }
    }
  },

  'other answers, and other words, ask for no wait': async (subject) => {
    for (const [status, text] of [
      [500, '120'],
      [404, '120'],
      [503, 'soon'],
      [503, '-120'],
    ] as const) {
      const receiver = await subject.receiver(answering(status, '', { 'retry-after': text }));
      assert.equal(waitAskedFor(await subject.send(receiver.url)), undefined);
    }
  },

  'what a status announces is waited for (F32)': async (subject) => {
    const interim = 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n';
    const accepted = await subject.receiver(answeringRaw(interim, 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'));
    assert.equal((await subject.send(accepted.url)).outcome, 'delivered');
    const refusing = await subject.receiver(answeringRaw(interim, 'HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n'));
    assertFailed(await subject.send(refusing.url), 'HTTP_STATUS');
    const many = await subject.receiver(
      answeringRaw(interim.repeat(100), 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'),
    );
    assert.equal((await subject.send(many.url)).outcome, 'delivered');
    assert.equal(many.requests.length, 1);
  },

  'what a status announces is no answer (F32)': async (subject) => {
    for (const status of [100, 102, 103]) {
      const receiver = await subject.receiver(({ socket }) => void socket?.end(`HTTP/1.1 ${status} Wait\r\n\r\n`));
      assertFailed(await subject.send(receiver.url), 'CONNECT_RESET', 'HTTP_TRUNCATED');
    }
  },

  'a redirect fails, and its target is never contacted (F31)': async (subject) => {
    const target = await subject.receiver(answering(200));
    for (const status of redirects) {
      const receiver = await subject.receiver(answering(status, '', { location: target.url }));
      const result = await subject.send(receiver.url);
      assertFailed(result, 'HTTP_REDIRECT');
      assert.equal(result.response?.status, status);
      assert.equal(receiver.requests.length, 1);
    }
    assert.equal(target.connections, 0);
  },

  'a redirect to the same place is not followed (F31)': async (subject) => {
    const receiver = await subject.receiver(answering(308, '', { location: '/hook' }));
    assertFailed(await subject.send(receiver.url), 'HTTP_REDIRECT');
    assert.equal(receiver.requests.length, 1);
  },

  'a redirect to an odd place is one too (F31)': async (subject) => {
    const places = ['', '?', '//', 'http://', 'http://unix:/run/docker.sock:/', 'javascript:alert(1)', 'http://[::1'];
    for (const location of places) {
      const receiver = await subject.receiver(answering(302, '', { location }));
      assertFailed(await subject.send(receiver.url), 'HTTP_REDIRECT');
      assert.equal(receiver.requests.length, 1);
    }
  },

  'without a place to go to it is a status like any other (F31)': async (subject) => {
    for (const status of redirects) {
      const receiver = await subject.receiver(answering(status));
      const result = await subject.send(receiver.url);
      assertFailed(result, 'HTTP_STATUS');
      assert.equal(result.response?.status, status);
    }
  },

  'attempts that overlap have their own answers': async (subject) => {
    const receiver = await subject.receiver((response, { target }) => {
      response.writeHead(Number(target.split('?')[1])).end();
    });
    const statuses = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? 200 : 500 + index));
    const results = await Promise.all(statuses.map((status) => subject.send(`${receiver.url}?${status}`)));
    assert.deepEqual(
      results.map(({ outcome, response }) => [outcome, response?.status]),
      statuses.map((status) => [status === 200 ? 'delivered' : 'failed', status]),
    );
  },

  'checking a recipient contacts nobody': async (subject) => {
    const receiver = await subject.receiver(answering(200));
    const transport = await subject.transport();
    transport.check(subject.recipient(receiver.url));
    transport.check(subject.recipient(await deadUrl()));
    await subject.send(receiver.url);
    assert.equal(receiver.connections, 1);
  },
};

function waitAskedFor(result: SendResult): number | undefined {
  assert.equal(result.outcome, 'failed');
  return result.retryAfterMs;
}
