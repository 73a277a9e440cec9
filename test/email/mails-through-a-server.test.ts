import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import fc from 'fast-check';
import { type ParsedMail, simpleParser } from 'mailparser';
import { SMTPServer } from 'smtp-server';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { EmailTransport } from '../../src/email.ts';
import { attempt, storedEvent, transportTo, unaborted } from './sending.ts';

/** Mails as the server read them, by event. */
const mails = new Map<string, ParsedMail>();
/** What the clients said, one text for each connection. */
const said: string[] = [];

const server = new SMTPServer({
  authOptional: true,
  disabledCommands: ['STARTTLS'],
  onData: (stream, _session, callback) => {
    void simpleParser(stream).then((mail) => {
      mails.set(String(mail.messageId).slice(1).split('.')[0] ?? '', mail);
      callback();
    }, callback);
  },
});
const onTheWay = createServer((client) => {
  const inner = connect((server.server.address() as AddressInfo).port, '127.0.0.1');
  for (const socket of [client, inner]) socket.setNoDelay().on('error', () => {});
  const index = said.push('') - 1;
  client.on('data', (bytes) => {
    said[index] += bytes.toString('latin1');
  });
  client.pipe(inner).pipe(client);
});
let transport: EmailTransport;

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  onTheWay.listen(0, '127.0.0.1');
  await once(onTheWay, 'listening');
  transport = transportTo((onTheWay.address() as AddressInfo).port, { maxConnections: 4 });
});
afterAll(async () => {
  await transport.close();
  onTheWay.close();
  await new Promise<void>((resolve) => server.close(() => resolve()));
});

const pieces = [
  '.',
  '..',
  '\r',
  '\n',
  '\r\n',
  '\r\n.\r\n',
  '\n.\n',
  '\r.\r',
  '\n.\r\n',
  '\0',
  '\t',
  ' ',
  '=',
  '=\n',
  '-',
];
const words = ['a', 'From ', 'é', '\u00ff', '日本', '😀', '\u200f\u05e9\u05dc', '\u202e', '\ufeff', '\u0085', '\u2028'];
const body = fc.oneof(
  fc.string({ unit: fc.constantFrom(...pieces, ...words), maxLength: 200 }),
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc
    .tuple(fc.constantFrom('x', 'é', '.', '😀', '= '), fc.integer({ min: 990, max: 2_500 }))
    .map(([a, n]) => a.repeat(n)),
);

test('F62: a thousand random mails are read by a server as they were written, and none smuggles another', async () => {
  const bodies = fc.sample(fc.record({ text: body, html: body, subject: body }), { numRuns: 1_000, seed: 20_261_125 });
  const events = { opened: { subject: 's {{link}}', text: '{{details}}|\n', html: '<p>{{door}}|</p>\n' } };
  const first = attempt({ events });
  const results = await Promise.all(
    bodies.map(({ text, html, subject }, index) => {
      const event = storedEvent({ id: `ev-${index}`, data: { details: text, door: html, link: subject } });
      return transport.send({ ...first, delivery: { ...first.delivery, event } }, { signal: unaborted });
    }),
  );
  expect(results.filter(({ outcome }) => outcome !== 'delivered')).toEqual([]);
  expect(mails.size).toBe(bodies.length);
  for (const [index, { text, html }] of bodies.entries()) {
    const mail = mails.get(`ev-${index}`);
    expect(mail?.text).toBe(`${onePerLine(text)}|\n`);
    expect(unescaped(String(mail?.html))).toBe(`<p>${onePerLine(html)}|</p>\n`);
    expect(mail?.subject).toMatch(/^s[^\r\n\0]*$/);
    expect(mail?.attachments).toEqual([]);
  }
  for (const text of said) {
    expect(text.replaceAll('\r\n', '')).not.toMatch(/[\r\n\0\x80-\xff]/);
    expect(Math.max(...text.split('\r\n').map(({ length }) => length))).toBeLessThanOrEqual(998);
  }
});

function onePerLine(text: string): string {
  return text.replace(/\r\n?/g, '\n');
}

/** As it was before handlebars has escaped it. */
function unescaped(html: string): string {
  const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"' };
  return html.replace(/&(?:#x([0-9a-f]+)|(\w+));/gi, (all, hex?: string, name?: string) =>
    hex === undefined ? (named[String(name)] ?? all) : String.fromCodePoint(Number.parseInt(hex, 16)),
  );
}
