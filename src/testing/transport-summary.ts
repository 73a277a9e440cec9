import { strict as assert } from 'node:assert';
import { gzipSync } from 'node:zlib';
import { answering, answeringRaw, type ReceiverAnswer } from './receiver.ts';
import { soon, type TransportSubject, type TransportTests } from './transport-subject.ts';

async function textOf(subject: TransportSubject, answer: ReceiverAnswer): Promise<string> {
  const receiver = await subject.receiver(answer);
  const { response } = await subject.send(receiver.url);
  assert(response, 'there was an answer, but no summary of it');
  return response.text;
}

/** What is kept of an answer. */
export const transportSummaryTests: TransportTests = {
  'the beginning of the answer is told, whatever its status': async (subject) => {
    for (const status of [200, 500]) {
      assert.equal(await textOf(subject, answering(status, 'größer 😀 than expected')), 'größer 😀 than expected');
    }
  },

  'at most 500 characters are told': async (subject) => {
    const text = await textOf(subject, answering(500, `begins so ${'x'.repeat(100_000)}`));
    assert(text.length <= 500, `${text.length} characters`);
    assert(text.startsWith('begins so xxx'), text.slice(0, 20));
  },

  'control characters are replaced': async (subject) => {
    const text = await textOf(subject, answering(500, 'a\u0000b\r\nc\u001b[31md\u007fe\u0085f\tg'));
    assert(!/\p{Cc}/u.test(text), JSON.stringify(text));
    for (const letter of 'abcdefg') assert(text.includes(letter), `${letter} is missing in ${JSON.stringify(text)}`);
  },

  'what is told is well-formed text, whatever was answered': async (subject) => {
    const binary = Buffer.from(Array.from({ length: 2_000 }, (_, index) => index % 256));
    const halved = `${'x'.repeat(499)}😀`;
    for (const body of [binary, Buffer.from(halved)]) {
      const head = `HTTP/1.1 500 Error\r\nContent-Length: ${body.length}\r\n\r\n`;
      const text = await textOf(subject, answeringRaw(head, body));
      assert(text.isWellFormed() && text.length <= 500 && !/\p{Cc}/u.test(text), JSON.stringify(text));
    }
  },

  'a compressed answer does not unfold (F38)': async (subject) => {
    const bomb = gzipSync('A'.repeat(20_000_000));
    for (const body of [bomb, Buffer.from('no gzip at all')]) {
      const head = `HTTP/1.1 500 Error\r\nContent-Encoding: gzip\r\nContent-Length: ${body.length}\r\n\r\n`;
      const text = await textOf(subject, answeringRaw(head, body));
      assert(!text.includes('AAAA'), 'the answer was unfolded');
    }
  },

  'an answer without end is not waited for (F38)': async (subject) => {
    const receiver = await subject.receiver((response) => {
      const timer = setInterval(() => response.write('x'.repeat(20_000)), 5);
      response.on('close', () => clearInterval(timer));
    });
    const { response } = await soon(subject.send(receiver.url), 'the attempt went on');
    assert((response?.text.length ?? 0) <= 500);
    await soon(receiver.disconnected(), 'the connection stayed open');
  },
};
