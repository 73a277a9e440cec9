import type { Socket } from 'node:net';

/** A line of a reply (RFC 5321 §4.2). A CR in the middle of one could pass for the end of a line. */
const replyLine = /^[2-5]\d\d([ -][^\r]*)?\r*$/;

/**
 * Reads what the relay replies besides nodemailer, and more strictly: every line has to be one of a reply, all lines of
 * one with the same code, and every reply the answer to something. Whoever speaks out of turn would have its replies
 * taken for answers to later commands, and in the end another one for the answer to the mail.
 */
export class ReplyWatch {
  readonly #onTrouble: (line: string) => void;
  #socket: Socket | undefined;
  /** Replies that may still come; the greeting is one. */
  #outstanding = 1;
  #line = '';
  /** Where the latest mail is: on its way, wholly sent, or answered. */
  #mail: 'none' | 'begun' | 'ended' | 'answered' = 'none';
  /** The code of a reply that goes on in another line. */
  #goesOn: string | null = null;

  /** `onTrouble` is told of a line that is none of a reply, and of a reply that nothing is left to be answered with. */
  constructor(onTrouble: (line: string) => void) {
    this.#onTrouble = onTrouble;
  }

  /** Begins to read when somebody else does: a listener of its own would set the data flowing. */
  watch(socket: Socket): void {
    this.#socket = socket;
    this.#line = '';
    this.#goesOn = null;
    const read = (): void => void socket.on('data', (bytes) => this.#read(bytes.toString('latin1')));
    const onListener = (name: string | symbol): void => {
      if (name !== 'data') return;
      socket.off('newListener', onListener);
      read();
    };
    if (socket.listenerCount('data') > 0) read();
    else socket.on('newListener', onListener);
  }

  /** A command is about to be sent on this socket, which is another one once TLS has begun. */
  sending(socket: Socket): void {
    if (socket !== this.#socket) {
      // What came in the clear counts for nothing (RFC 3207 §4.2).
      this.#outstanding = 0;
      this.watch(socket);
    }
    this.#outstanding += 1;
    this.#mail = 'none';
  }

  beginMail(): void {
    this.#mail = 'begun';
  }

  /** The final dot is about to be sent. */
  endMail(): void {
    this.#mail = 'ended';
    this.#outstanding += 1;
  }

  #read(text: string): void {
    const lines = (this.#line + text).split('\n');
    this.#line = lines.pop() ?? '';
    for (const line of lines) {
      if (line.trim() === '' && this.#goesOn === null) continue;
      const code = line.slice(0, 3);
      if (!replyLine.test(line) || (this.#goesOn ?? code) !== code) this.#onTrouble(asText(line));
      this.#goesOn = line[3] === '-' ? code : null;
      if (this.#goesOn === null) this.#count(line);
    }
  }

  #count(line: string): void {
    this.#outstanding -= 1;
    if (this.#outstanding >= 0) {
      if (this.#mail !== 'ended') return;
      this.#mail = 'answered';
      // Taken before it was all written: an answer to something else.
      if (line.startsWith('2') && (this.#socket?.writableLength ?? 0) > 0) this.#onTrouble(asText(line));
      return;
    }
    this.#outstanding = 0;
    // A relay may take its leave, or be tired of a mail, before its turn comes; and one that goes on talking after it has
    // answered the mail has answered it all the same.
    const isAllowed = line.startsWith('421') || (this.#mail === 'begun' && /^[45]/.test(line));
    if (!isAllowed && this.#mail !== 'answered') this.#onTrouble(asText(line));
  }
}

function asText(line: string): string {
  return Buffer.from(line, 'latin1').toString();
}
