import { strict as assert } from 'node:assert';
import { answering, type ReceiverAnswer } from './receiver.ts';
import { assertFailed, deadUrl, shortTimeoutMs, type TransportTests } from './transport-subject.ts';

/** Writes one byte after the other, slowly, for ever. */
function dripping(start: string, drop: string): ReceiverAnswer {
  return ({ socket }) => {
    socket?.write(start);
    const timer = setInterval(() => socket?.write(drop), 20);
    socket?.once('close', () => clearInterval(timer));
  };
}

/** Writes, and then resets the connection. */
function resetting(text: string): ReceiverAnswer {
  return ({ socket }) => {
    if (text === '') socket?.resetAndDestroy();
    // The text has to have left before the reset takes it away.
    else socket?.write(text, () => setImmediate(() => socket.resetAndDestroy()));
  };
}

/** Writes, and then closes the connection. */
function ending(text: string): ReceiverAnswer {
  return ({ socket }) => void socket?.end(text);
}

const okHead = 'HTTP/1.1 200 OK\r\n';

/** What becomes of an attempt when there is no whole answer. */
export const transportFaultTests: TransportTests = {
  'no answer fails when the time of the recipient is over (F33)': async (subject) => {
    const receiver = await subject.receiver(() => {});
    const startedAt = performance.now();
    assertFailed(await subject.send(receiver.url, { timeoutMs: shortTimeoutMs }), 'TIMEOUT_RESPONSE');
    assert(performance.now() - startedAt >= shortTimeoutMs * 0.9, 'the attempt was ended before its time');
  },

  'the time is that of the whole attempt, however slowly the head comes (F34)': async (subject) => {
    const receiver = await subject.receiver(dripping(`${okHead}X-Slow: `, 'x'));
    assertFailed(await subject.send(receiver.url, { timeoutMs: shortTimeoutMs }), 'TIMEOUT_RESPONSE');
  },

  'the time is that of the whole attempt, however slowly the text comes (F34)': async (subject) => {
    const receiver = await subject.receiver(dripping(`${okHead}Content-Length: 100000\r\n\r\n`, 'x'));
    assertFailed(await subject.send(receiver.url, { timeoutMs: shortTimeoutMs }), 'TIMEOUT_RESPONSE');
  },

  'when nobody listens it fails': async (subject) => {
    assertFailed(await subject.send(await deadUrl()), 'CONNECT_REFUSED');
  },

  'a connection that is closed without an answer fails': async (subject) => {
    const receiver = await subject.receiver(ending(''));
    assertFailed(await subject.send(receiver.url), 'CONNECT_RESET');
  },

  'a connection that is reset fails, at any point of the answer (F36)': async (subject) => {
    const answers = [
      '',
      'HTTP/1.1 200',
      `${okHead}Content-Length: 10\r\n\r\n`,
      `${okHead}Content-Length: 10\r\n\r\nok`,
    ];
    for (const text of answers) {
      const receiver = await subject.receiver(resetting(text));
      assertFailed(await subject.send(receiver.url), 'CONNECT_RESET', 'HTTP_TRUNCATED', 'HTTP_MALFORMED');
    }
  },

  'an answer of another protocol fails': async (subject) => {
    for (const text of [
      'SSH-2.0-OpenSSH_9.9\r\n',
      '220 mail.example.com ESMTP\r\n',
      '200 OK\r\n\r\n',
      '\x15\x03\x01\0\x02\x02\x16',
    ]) {
      const receiver = await subject.receiver(ending(text));
      assertFailed(await subject.send(receiver.url), 'HTTP_MALFORMED');
    }
  },

  'after a failed attempt the next can be delivered': async (subject) => {
    const answers: Readonly<Record<string, ReceiverAnswer>> = {
      '?refuse': answering(500),
      '?close': ending(''),
      '?reset': resetting(''),
      '?garbage': ending('not HTTP\r\n\r\n'),
      '?truncate': ending(`${okHead}Content-Length: 10\r\n\r\nok`),
    };
    const receiver = await subject.receiver((response, request) => {
      const answer = answers[request.target.replace('/hook', '')] ?? answering(200);
      answer(response, request);
    });
    for (const fault of Object.keys(answers)) {
      assertFailed(await subject.send(receiver.url + fault));
      assert.equal((await subject.send(receiver.url)).outcome, 'delivered', `after ${fault}`);
    }
  },
};
