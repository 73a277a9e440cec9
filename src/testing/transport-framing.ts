import { strict as assert } from 'node:assert';
import type { ReceiverAnswer } from './receiver.ts';
import { assertFailed, type TransportTests } from './transport-subject.ts';

/** Writes, and then closes the connection. */
function ending(text: string): ReceiverAnswer {
  return ({ socket }) => void socket?.end(text, 'latin1');
}

const ok = 'HTTP/1.1 200 OK\r\n';
const chunks = `${ok}Transfer-Encoding: chunked\r\n\r\n`;
const none = 'Content-Length: 0\r\n\r\n';

const whole = [
  `${ok}${none}`,
  `${ok}Content-Length: 2\r\n\r\nok`,
  `${chunks}0\r\n\r\n`,
  `${chunks}1\r\no\r\n1;name=value\r\nk\r\n0\r\nX-Checksum: 1f\r\n\r\n`,
  `${ok}\r\n`,
  `${ok}\r\nok`,
  'HTTP/1.0 200 OK\r\n\r\nok',
  `HTTP/1.1 200 \r\n${none}`,
];

const malformedHeads = [
  'hello',
  'HTTP/1.1\r\n\r\n',
  'HTTP/1.1 20 OK\r\n\r\n',
  'HTTP/1.1 2000 OK\r\n\r\n',
  'HTTP/2.0 200 OK\r\n\r\n',
  `HTTP/0.9 200 OK\r\n${none}`,
  `${ok}no colon\r\n${none}`,
  `${ok}X: a\0b\r\n${none}`,
  `${ok}X\0: a\r\n${none}`,
  `${ok}Content-Length: 2\r\nContent-Length: 3\r\n\r\nok`,
  `${ok}Content-Length: -2\r\n\r\nok`,
  `${ok}Content-Length: two\r\n\r\nok`,
  `${ok}Content-Length: 99999999999999999999\r\n\r\nok`,
  `${ok}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
];

const malformedChunks = [
  'zzz\r\nok\r\n0\r\n\r\n',
  '-2\r\nok\r\n',
  '2\r\nokay\r\n0\r\n\r\n',
  `${'f'.repeat(20)}\r\nok\r\n`,
];

/** When an answer is whole, and what is none. */
export const transportFramingTests: TransportTests = {
  'an answer is whole by its length, its last chunk, or the end of the connection': async (subject) => {
    for (const text of whole) {
      const receiver = await subject.receiver(ending(text));
      assert.equal((await subject.send(receiver.url)).outcome, 'delivered', JSON.stringify(text));
    }
  },

  'an answer that is cut anywhere fails (F39)': async (subject) => {
    const answers = [`${ok}Content-Length: 9\r\n\r\nall of it`, `${chunks}9\r\nall of it\r\n0\r\n\r\n`];
    for (const text of answers) {
      for (let length = 0; length < text.length; length += 3) {
        const receiver = await subject.receiver(ending(text.slice(0, length)));
        const codes = length < text.indexOf('\r\n\r\n') + 4 ? ['CONNECT_RESET', 'HTTP_MALFORMED'] : [];
        assertFailed(await subject.send(receiver.url), 'HTTP_TRUNCATED', ...codes);
      }
    }
  },

  'a head that breaks the rules fails (F40)': async (subject) => {
    for (const text of malformedHeads) {
      const receiver = await subject.receiver(ending(text));
      assertFailed(await subject.send(receiver.url), 'HTTP_MALFORMED');
    }
  },

  'chunks that break the rules fail (F39)': async (subject) => {
    for (const text of malformedChunks) {
      const receiver = await subject.receiver(ending(chunks + text));
      assertFailed(await subject.send(receiver.url), 'HTTP_MALFORMED');
    }
  },

  'a head that is too large fails (F40)': async (subject) => {
    const heads = [`X: ${'a'.repeat(70_000)}\r\n`, 'X: a\r\n'.repeat(10_000), `X-${'a'.repeat(70_000)}: a\r\n`];
    for (const head of heads) {
      const receiver = await subject.receiver(ending(`${ok}${head}${none}`));
      assertFailed(await subject.send(receiver.url), 'HTTP_MALFORMED');
    }
  },
};
