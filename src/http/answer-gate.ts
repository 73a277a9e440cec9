import type { Socket } from 'node:net';
import { codedError } from './coded-error.ts';

const beginnings = ['HTTP/1.1 ', 'HTTP/1.0 '];
const finalStatus = /^HTTP\/1\.[01] [2-9]/;
const interimStatus = /^HTTP\/1\.[01] 1\d\d/;
const upgradeStatus = /^HTTP\/1\.[01] 101/;
/** A whole head of an interim response, by the rules (RFC 9112 §4, §5). */
const interimHead =
  /^HTTP\/1\.[01] 1\d\d(?: [\t\x20-\x7e\x80-\xff]*)?\r\n(?:[\w!#$%&'*+.^`|~-]+:[\t\x20-\x7e\x80-\xff]*\r\n)*\r\n/;

/** So much is needed to tell what kind of head begins. */
const enough = 'HTTP/1.1 101'.length;

/** Longer heads are the parser's to refuse. */
const largestHead = 16_384;

/** So much is taken for one answer, of which 64 KB are read: the rest may be framing, such as chunks of a byte each. */
const largestAnswer = 1_048_576;

/**
 * Looks at each answer before undici's parser has it. That takes versions of HTTP that are not written like this, and
 * framing without end; gives up at interim responses, which a client has to take (RFC 9110 §15.2); and reads white space
 * after a length, which is allowed (§5.5), as another digit. Here those are refused, left out, and cut off. An answer of
 * 101 ends the connection with the code `UPGRADED`, what is refused with one that begins with `HPE`.
 */
export class AnswerGate {
  readonly #socket: Socket;
  #held = '';
  #isOpen = false;
  #bytes = 0;
  /** What was let through last, and how many heads of this answer are in it. */
  #latest: { readonly chunk: Buffer; readonly heads: 0 | 1 } | null = null;

  constructor(socket: Socket) {
    this.#socket = socket;
    const read = socket.read.bind(socket);
    socket.read = (size?: number) => this.#pass(read(size));
  }

  /** A request is being sent: what comes next is the head of its answer. */
  close(): void {
    this.#isOpen = false;
    this.#held = '';
    this.#bytes = 0;
  }

  /** Whether what came with the end of the answer looks like one more. */
  get showsAnother(): boolean {
    if (this.#latest === null) return false;
    const { chunk, heads } = this.#latest;
    return (chunk.toString('latin1').match(/HTTP\/1\.[01] [1-9]\d\d/g)?.length ?? 0) > heads;
  }

  /** The answer is over. */
  forget(): void {
    this.#latest = null;
  }

  #pass(chunk: Buffer | null): Buffer | null {
    if (chunk === null) return null;
    this.#bytes += chunk.length;
    if (this.#bytes > largestAnswer) return this.#refuse('HPE_OVERFLOW');
    if (this.#isOpen) return this.#let(chunk, 0);
    if (this.#held === '' && isPlainHead(chunk)) return this.#let(chunk, 1);
    this.#held += chunk.toString('latin1');
    return this.#look();
  }

  /** What is held goes on once it is the whole head of a final answer, or is none for certain. */
  #look(): Buffer | null {
    this.#held = this.#held.replace(/^(?:\r\n)+/, '');
    while (interimStatus.test(this.#held) && !upgradeStatus.test(this.#held)) {
      const end = this.#held.indexOf('\r\n\r\n');
      if (end === -1) return this.#held.length > largestHead ? this.#refuse('HPE_HEADER_OVERFLOW') : null;
      const [head] = interimHead.exec(this.#held) ?? [];
      if (head?.length !== end + 4) return this.#refuse('HPE_INVALID');
      this.#held = this.#held.slice(head.length);
    }
    const mayBecomeOne = beginnings.some((text) => text.startsWith(this.#held.slice(0, text.length)));
    if (this.#held.length < enough && mayBecomeOne) return null;
    if (upgradeStatus.test(this.#held)) return this.#refuse('UPGRADED');
    if (!finalStatus.test(this.#held)) return this.#refuse('HPE_INVALID_VERSION');
    const end = this.#held.indexOf('\r\n\r\n');
    if (end === -1 && this.#held.length <= largestHead && !/[^\r]\n/.test(this.#held)) return null;
    const head = this.#held.slice(0, end + 2).replace(/(\r\ncontent-length:[\t ]*\d+)[\t ]+(?=\r\n)/gi, '$1');
    const passed = Buffer.from(head + this.#held.slice(end + 2), 'latin1');
    this.#held = '';
    return this.#let(passed, 1);
  }

  #let(chunk: Buffer, heads: 0 | 1): Buffer {
    this.#isOpen = true;
    this.#latest = { chunk, heads };
    return chunk;
  }

  #refuse(code: string): null {
    this.#socket.destroy(codedError(code));
    return null;
  }
}

/** Whether it holds the whole head of a final answer, with nothing in it to be cut off. */
function isPlainHead(chunk: Buffer): boolean {
  if (!finalStatus.test(chunk.toString('latin1', 0, enough))) return false;
  const end = chunk.indexOf('\r\n\r\n');
  return end !== -1 && [' \r\n', '\t\r\n'].every((blank) => chunk.subarray(0, end + 2).indexOf(blank) === -1);
}
