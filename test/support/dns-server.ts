import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { isIPv4 } from 'node:net';
import { onTestFinished } from 'vitest';

/** What a name has: addresses of both families, or another name. */
export type DnsRecord = readonly [name: string, address: string] | readonly [name: string, 'is', other: string];

/** `silence`: no answer at all. */
export type DnsReply = 'silence' | 'NXDOMAIN' | 'SERVFAIL' | 'REFUSED' | { readonly records: readonly DnsRecord[] };

export interface DnsServer {
  /** As a resolver wants it: address and port. */
  readonly authority: string;
  /** `A name`, `AAAA name`, as they came. */
  readonly questions: readonly string[];
}

const codes = { SERVFAIL: 2, NXDOMAIN: 3, REFUSED: 5 };
const types = { A: 1, CNAME: 5, AAAA: 28 };

/** A DNS server on loopback until the test ends: `A` and `AAAA` over UDP, answered as it is told (RFC 1035 §4). */
export async function dnsServer(reply: (name: string, type: 'A' | 'AAAA') => DnsReply): Promise<DnsServer> {
  const questions: string[] = [];
  const socket = createSocket('udp4');
  socket.on('message', (message, { address, port }) => {
    const { name, type, end } = questionOf(message);
    questions.push(`${type} ${name}`);
    const answer = reply(name, type);
    if (answer !== 'silence') socket.send(answerTo(message.subarray(0, end), type, answer), port, address);
  });
  onTestFinished(() => void socket.close());
  await once(socket.bind(0, '127.0.0.1'), 'listening');
  return { authority: `127.0.0.1:${socket.address().port}`, questions };
}

function questionOf(message: Buffer): { readonly name: string; readonly type: 'A' | 'AAAA'; readonly end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let size = message[at] ?? 0; size > 0; size = message[at] ?? 0) {
    labels.push(message.toString('latin1', at + 1, at + 1 + size));
    at += 1 + size;
  }
  // Cases are mixed by resolvers that want to be sure of the answer.
  const name = labels.join('.').toLowerCase();
  return { name, type: message.readUInt16BE(at + 1) === types.AAAA ? 'AAAA' : 'A', end: at + 5 };
}

function answerTo(question: Buffer, type: 'A' | 'AAAA', reply: Exclude<DnsReply, 'silence'>): Buffer {
  const records = typeof reply === 'string' ? [] : reply.records.flatMap((record) => encoded(record, type));
  const head = Buffer.from(question);
  // An answer, with recursion; then how many questions, answers, authorities and others there are.
  head.writeUInt16BE(0x8180 | (typeof reply === 'string' ? codes[reply] : 0), 2);
  for (const [index, count] of [1, records.length, 0, 0].entries()) head.writeUInt16BE(count, 4 + 2 * index);
  return Buffer.concat([head, ...records]);
}

/** None when the record is an address of the other family. */
function encoded([name, address, other]: DnsRecord, asked: 'A' | 'AAAA'): Buffer[] {
  const type = other === undefined ? (isIPv4(address) ? 'A' : 'AAAA') : 'CNAME';
  if (type !== 'CNAME' && type !== asked) return [];
  const data = other === undefined ? addressBytes(address) : nameBytes(other);
  const head = Buffer.alloc(10);
  head.writeUInt16BE(types[type], 0);
  head.writeUInt16BE(1, 2);
  head.writeUInt32BE(300, 4);
  head.writeUInt16BE(data.length, 8);
  return [Buffer.concat([nameBytes(name), head, data])];
}

function nameBytes(name: string): Buffer {
  const labels = name.split('.').map((label) => Buffer.concat([Buffer.of(label.length), Buffer.from(label)]));
  return Buffer.concat([...labels, Buffer.of(0)]);
}

function addressBytes(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  const [head = '', tail = ''] = address.split('::');
  const groups = (part: string) => part.split(':').filter((group) => group !== '');
  const zeros = Array(8 - groups(head).length - groups(tail).length).fill('0');
  const bytes = [...groups(head), ...zeros, ...groups(tail)].map((group) => Number.parseInt(group, 16));
  return Buffer.from(bytes.flatMap((group) => [group >> 8, group & 255]));
}
