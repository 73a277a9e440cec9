import type { SeededRandom } from '../../reliability/seeded-random.ts';
import { rawAnswers } from './raw-answers.ts';

/** What a receiver sends, packet by packet, and what it does then. */
export interface Broadcast {
  readonly packets: readonly string[];
  readonly ending: 'end' | 'reset' | 'stay';
}

const numbers = ['0', '-1', '00', '1', '65536', '4294967296', '9223372036854775808', '9'.repeat(30), '0x10', '1e3', ''];

const snippets = [
  ...[
    '\r\n',
    '\n',
    '\r',
    '\r\n\r\n',
    '\n\n',
    '\r\r\n',
    ' \r\n',
    '\r\n ',
    '\0',
    '\t',
    ' ',
    ':',
    ';',
    ',',
    '\x7f',
    '\xff',
  ],
  ...['HTTP/1.1 200 OK\r\n', 'HTTP/1.1 200 OK\r\n\r\n', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
  ...['HTTP/1.1 100 Continue\r\n\r\n', 'HTTP/1.1 500 No\r\n\r\n', 'HTTP/0.9 200 OK\r\n', 'HTTP/2.0 200 OK\r\n\r\n'],
  ...['Content-Length: 2\r\n', 'Content-Length: 2, 2\r\n', 'content-length: +2\r\n', 'Content-Length : 2\r\n'],
  ...['Transfer-Encoding: chunked\r\n', 'Transfer-Encoding: identity\r\n', 'Transfer-Encoding: chunked, gzip\r\n'],
  ...['Transfer-Encoding: xchunked\r\n', 'Connection: upgrade\r\nUpgrade: h2c\r\n', 'Connection: close\r\n'],
  ...['0\r\n\r\n', '2\r\nok\r\n', 'ffffffffffffffff\r\n', '-1\r\n', '0;x\r\n', 'Trailer: x\r\n\r\n'],
];

/** A place in the text: mostly in the head, where most is decided. */
function place(text: string, random: SeededRandom): number {
  const head = text.indexOf('\r\n\r\n') + 4;
  return random.between(0, random.percent(70) ? Math.min(head, text.length) : text.length);
}

function pick<Item>(items: readonly Item[], random: SeededRandom): Item {
  return items[random.between(0, items.length - 1)] as Item;
}

type Mutation = (text: string, random: SeededRandom) => string;

function insert(text: string, at: number, what: string): string {
  return text.slice(0, at) + what + text.slice(at);
}

const mutations: readonly Mutation[] = [
  function flipBit(text, random) {
    const at = place(text, random);
    const flipped = (text.charCodeAt(at) || 0) ^ (1 << random.between(0, 7));
    return text.slice(0, at) + String.fromCharCode(flipped & 0xff) + text.slice(at + 1);
  },
  function insertByte(text, random) {
    return insert(text, place(text, random), String.fromCharCode(random.between(0, 255)));
  },
  function deleteBytes(text, random) {
    const at = place(text, random);
    return text.slice(0, at) + text.slice(at + random.between(1, random.percent(80) ? 3 : 200));
  },
  function insertSnippet(text, random) {
    return insert(text, place(text, random), pick(snippets, random));
  },
  function changeNumber(text, random) {
    const found = [...text.slice(0, 6_000).matchAll(/\d+/g)];
    if (found.length === 0) return text;
    const { 0: digits, index } = pick(found, random);
    const near = String(Math.max(0, Number(digits) + random.between(-2, 2)));
    return (
      text.slice(0, index) + (random.percent(50) ? near : pick(numbers, random)) + text.slice(index + digits.length)
    );
  },
  function cut(text, random) {
    return text.slice(0, place(text, random));
  },
  function duplicatePart(text, random) {
    const [from, to] = [place(text, random), place(text, random)];
    return insert(text, place(text, random), text.slice(Math.min(from, to), Math.max(from, to)));
  },
  function duplicateLine(text, random) {
    const lines = text.split('\r\n');
    const at = random.between(0, Math.min(lines.length - 1, 20));
    return lines.toSpliced(random.between(0, Math.min(lines.length - 1, 20)), 0, lines[at] ?? '').join('\r\n');
  },
  function dropLine(text, random) {
    const lines = text.split('\r\n');
    return lines.toSpliced(random.between(0, Math.min(lines.length - 1, 20)), 1).join('\r\n');
  },
  function splice(text, random) {
    const other = pick(rawAnswers, random).bytes;
    return text.slice(0, place(text, random)) + other.slice(place(other, random));
  },
  function oddLineEnd(text, random) {
    const ends = [...text.slice(0, 6_000).matchAll(/\r\n/g)];
    if (ends.length === 0) return text;
    const { index } = pick(ends, random);
    return (
      text.slice(0, index) + pick(['\n', '\r', '\n\r', '\r\n\r\n', '\r\n ', ' \r\n'], random) + text.slice(index + 2)
    );
  },
  function repeat(text, random) {
    const at = place(text, random);
    return insert(text, at, text.slice(at, at + random.between(1, 8)).repeat(pick([2, 50, 9_000], random)));
  },
  function followUp(text, random) {
    return text + pick(rawAnswers, random).bytes;
  },
];

/** An answer out of the corpus that was hurt 0 to 4 times, in packets cut at random. */
export function mutatedBroadcast(random: SeededRandom): Broadcast {
  const { bytes, ends } = pick(rawAnswers, random);
  let text = bytes;
  for (let count = random.between(0, 4); count > 0; count -= 1) text = pick(mutations, random)(text, random);
  const usual = ends || random.percent(85) ? 'end' : 'stay';
  return {
    packets: inPackets(text, random),
    ending: random.percent(80) ? usual : pick(['end', 'reset', 'stay'], random),
  };
}

function inPackets(text: string, random: SeededRandom): readonly string[] {
  const cuts = Array.from({ length: random.percent(50) ? 0 : random.between(1, 4) }, () => place(text, random));
  const edges = [0, ...cuts, text.length].toSorted((one, other) => one - other);
  return edges
    .slice(1)
    .map((edge, index) => text.slice(edges[index], edge))
    .filter((packet) => packet !== '');
}
