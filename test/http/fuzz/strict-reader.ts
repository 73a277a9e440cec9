import type { Broadcast } from './mutate.ts';

/** As much of a body is read at most; a success needs no more. */
const enoughBytes = 65_536;

/** What stands before the head that counts, or that there is none. */
interface Head {
  readonly status: number;
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly rest: string;
}

/**
 * Whether a careful reader takes these bytes for a complete answer of 200. Written from RFC 9112 alone, and stricter than
 * it where it leaves a choice: where this says no, nothing may count as delivered.
 */
export function isComplete200({ packets, ending }: Broadcast): boolean {
  let head = readHead(packets.join(''));
  while (head !== null && head.status >= 100 && head.status <= 199 && head.status !== 101) head = readHead(head.rest);
  if (head?.status !== 200) return false;
  const { rest } = head;
  const lengths = valuesOf(head, 'content-length');
  const encodings = valuesOf(head, 'transfer-encoding');
  if (encodings.length > 0) {
    if (lengths.length > 0) return false;
    return isChunked(encodings) ? hasAllChunks(rest) : ending === 'end' || rest.length >= enoughBytes;
  }
  if (lengths.length === 0) return ending === 'end' || rest.length >= enoughBytes;
  const [length = ''] = lengths;
  if (lengths.length > 1 || !/^[\t ]*\d{1,15}[\t ]*$/.test(length)) return false;
  return rest.length >= Math.min(Number(length), enoughBytes);
}

function readHead(text: string): Head | null {
  const [, status, after] = /^[\r\n]*HTTP\/1\.[01] (\d{3})(?: [^\r\n]*)?\r\n([\s\S]*)$/.exec(text) ?? [];
  if (status === undefined || after === undefined) return null;
  const fields: [string, string][] = [];
  let rest = after;
  while (!rest.startsWith('\r\n')) {
    // A value may go on in the next line, when that begins with white space (obs-fold).
    const line = /^([\w!#$%&'*+.^`|~-]+):((?:[\t\x20-\x7e\x80-\xff]|\r\n[\t ])*)\r\n/.exec(rest);
    if (line === null) return null;
    const [{ length }, name = '', value = ''] = line;
    fields.push([name.toLowerCase(), value.replace(/\r\n[\t ]/g, ' ')]);
    rest = rest.slice(length);
  }
  return { status: Number(status), fields, rest: rest.slice(2) };
}

function valuesOf({ fields }: Head, wanted: string): readonly string[] {
  return fields.filter(([name]) => name === wanted).map(([, value]) => value);
}

/**
 * Only the last coding says how the end is found. One with a tab behind it is left out: Node's parser does not know it
 * then, and reads to the end of the connection.
 */
function isChunked(encodings: readonly string[]): boolean {
  return /(?:^|,)[\t ]*chunked *$/i.test(encodings.join(','));
}

function hasAllChunks(body: string): boolean {
  let rest = body;
  for (let bytes = 0; bytes < enoughBytes; ) {
    const [line, digits = ''] = /^([\dA-Fa-f]{1,12})[\t ]*(?:;[\t\x20-\x7e\x80-\xff]*)?\r\n/.exec(rest) ?? [];
    if (line === undefined) return false;
    const size = Number.parseInt(digits, 16);
    rest = rest.slice(line.length);
    if (size === 0) return /^(?:[\w!#$%&'*+.^`|~-]+:(?:[\t\x20-\x7e\x80-\xff]|\r\n[\t ])*\r\n)*\r\n/.test(rest);
    bytes += Math.min(size, rest.length);
    // Of the last chunk that is read not all needs to be there.
    if (bytes < enoughBytes && rest.slice(size, size + 2) !== '\r\n') return false;
    rest = rest.slice(size + 2);
  }
  return true;
}
