import type { HttpRecipient } from '../../src/core/recipient.ts';
import type { Attempt, Transport } from '../../src/core/transport.ts';
import { HttpTransport } from '../../src/http.ts';

export const markHeader = 'x-process';

/** Tells the receivers which process a request comes from. */
export class MarkingTransport extends HttpTransport implements Transport<HttpRecipient> {
  readonly #mark: string;
  readonly #marked = new WeakMap<HttpRecipient, HttpRecipient>();

  constructor(mark: string) {
    super({ allowedNetworks: ['loopback'] });
    this.#mark = mark;
  }

  override send(attempt: Attempt<HttpRecipient>, options: { readonly signal: AbortSignal }) {
    return super.send({ ...attempt, recipient: this.#markedFor(attempt.recipient) }, options);
  }

  #markedFor(recipient: HttpRecipient): HttpRecipient {
    const known = this.#marked.get(recipient);
    if (known !== undefined) return known;
    const marked = { ...recipient, headers: { ...recipient.headers, [markHeader]: this.#mark } };
    this.#marked.set(recipient, marked);
    return marked;
  }
}
