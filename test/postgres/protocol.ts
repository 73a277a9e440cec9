/** A message of PostgreSQL's protocol (version 3), whole: type, length and body. */
export interface ProtocolMessage {
  /** A letter; none for the first messages of a client, which have no type. */
  readonly type: string;
  readonly bytes: Buffer;
}

/** Cuts what comes through a connection into messages. */
export class MessageCutter {
  /** Whether messages begin with their type: not those a client begins with. */
  isTyped: boolean;
  #rest: Buffer = Buffer.alloc(0);

  constructor(isTyped: boolean) {
    this.isTyped = isTyped;
  }

  /** The messages that are complete with this. */
  *take(chunk: Buffer): Generator<ProtocolMessage> {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    for (;;) {
      const lengthAt = this.isTyped ? 1 : 0;
      if (this.#rest.length < lengthAt + 4) return;
      const end = lengthAt + this.#rest.readInt32BE(lengthAt);
      if (this.#rest.length < end) return;
      const bytes = this.#rest.subarray(0, end);
      this.#rest = this.#rest.subarray(end);
      yield { type: bytes.toString('latin1', 0, lengthAt), bytes };
    }
  }
}

/** A message of this type; without one, it is one that a client begins with. */
export function message(type: string, ...body: readonly (number | string)[]): Buffer {
  const parts = body.map((part) => (typeof part === 'number' ? int32(part) : Buffer.from(`${part}\0`)));
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from(type), int32(content.length + 4), content]);
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

/** What the first message of a client asks for. */
export const asksFor = { session: 196_608, ssl: 80_877_103, gss: 80_877_104 } as const;
