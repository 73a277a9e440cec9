import type { Socket } from 'node:net';
import { codedError } from './coded-error.ts';

const finalStatus = /^HTTP\/1\.[01] [2-9]/;
const interimStatus = /^HTTP\/1\.[01] 1\d\d/;
/** A whole head of an interim response, by the rules (RFC 9112 §4, §5). */
const interimHead =
  /^HTTP\/1\.[01] 1\d\d(?: [\t\x20-\x7e\x80-\xff]*)?\r\n(?:[\w!#$%&'*+.^`|~-]+:[\t\x20-\x7e\x80-\xff]*\r\n)*\r\n/;
const upgradeStatus = /^HTTP\/1\.[01] 101/;

const beginnings = ['HTTP/1.1 ', 'HTTP/1.0 '];

/** So much is needed to tell what kind of head begins. */
const enough = 'HTTP/1.1 101'.length;

/** A longer interim head is none. */
const largestHead = 16_384;

/** So much is taken for one answer, of which 64 KB are read: the rest may be framing, such as chunks of a byte each. */
const largestAnswer = 1_048_576;

/**
 * Looks at the beginning of each answer before undici's parser has it, which takes versions of HTTP that are not written like
 * this and framing without end, and gives up at interim responses, which a client has to take (RFC 9110 §15.2): they are
 * left out here. An answer of 101 ends the connection with the code `UPGRADED`, what is refused with one that begins with `HPE`.
 */
export class AnswerGate {
  readonly #socket: Socket;
  #held = '';
  #isOpen = false;
  #bytes = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
    const read = socket.read.bind(socket);
    socket.read = (size?: number) => this.#pass(read(size));
  }

  /** A request is sent: what comes next is the head of its answer. */
  close(): void {
    this.#isOpen = false;
    this.#held = '';
    this.#bytes = 0;
  }

  #pass(chunk: Buffer | null): Buffer | null {
    if (chunk === null) return null;
    this.#bytes += chunk.length;
    if (this.#bytes > largestAnswer) return this.#refuse('HPE_OVERFLOW');
    if (this.#isOpen) return chunk;
    if (this.#held === '' && finalStatus.test(chunk.toString('latin1', 0, enough))) {
      this.#isOpen = true;
      return chunk;
    }
    this.#held += chunk.toString('latin1');
    return this.#look();
  }

  /** What is held goes on once it is known to be the beginning of a final answer. */
  #look(): Buffer | null {
    while (interimStatus.test(this.#held) && !upgradeStatus.test(this.#held)) {
      const end = this.#held.indexOf('\r\n\r\n');
      if (end === -1) return this.#held.length > largestHead ? this.#refuse('HPE_HEADER_OVERFLOW') : null;
      const [head] = interimHead.exec(this.#held) ?? [];
      if (head?.length !== end + 4) return this.#refuse('HPE_INVALID');
      this.#held = this.#held.slice(head.length);
    }
    if (this.#held.length < enough && beginnings.some((text) => text.startsWith(this.#held.slice(0, text.length))))
      return null;
    if (upgradeStatus.test(this.#held)) return this.#refuse('UPGRADED');
    if (!finalStatus.test(this.#held)) return this.#refuse('HPE_INVALID_VERSION');
    const passed = Buffer.from(this.#held, 'latin1');
    this.#isOpen = true;
    this.#held = '';
    return passed;
  }

  #refuse(code: string): null {
    this.#socket.destroy(codedError(code));
    return null;
  }
}
