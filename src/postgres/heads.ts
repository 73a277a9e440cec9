import { Batcher } from '../core/batcher.ts';
import { isOutboundEventsError } from '../core/errors.ts';
import type { QueuedDelivery } from '../core/event.ts';
import type { LeaseRef } from '../core/storage.ts';
import { deliveryOf, type ReadRow } from './rows.ts';

/** What is asked of a queue, as `QueueStorage.read` has it. */
export interface HeadRequest extends LeaseRef {
  readonly limit: number;
  readonly maxBytes: number;
}

type Read = (requests: readonly HeadRequest[]) => Promise<readonly (readonly ReadRow[])[]>;

/** Two statements under way take turns at the server and here; more would only be smaller. */
const together = {
  largest: 64,
  atATime: 2,
  weight: { of: ({ maxBytes }: HeadRequest) => maxBytes, most: 1024 * 1024 },
};

/** Reads the heads of queues. Those that are asked for at the same time share a statement, which costs more than what it reads. */
export class Heads {
  readonly #read: Read;
  readonly #batches = new Batcher<HeadRequest, PromiseSettledResult<readonly ReadRow[]>>(
    (requests) => this.#readTogether(requests),
    together,
  );

  constructor(read: Read) {
    this.#read = read;
  }

  /** As `QueueStorage.read`. */
  async read(request: HeadRequest): Promise<readonly QueuedDelivery[]> {
    const result = await this.#batches.add(request);
    if (result.status === 'rejected') throw result.reason;
    return result.value.map(deliveryOf);
  }

  async #readTogether(requests: readonly HeadRequest[]): Promise<readonly PromiseSettledResult<readonly ReadRow[]>[]> {
    try {
      const heads = await this.#read(requests);
      return heads.map((value) => ({ status: 'fulfilled', value }));
    } catch (error) {
      if (requests.length === 1 || isOfServer(error)) throw error;
      // It may be one queue's, such as a row that is damaged: the others go on.
      return Promise.allSettled(
        requests.map(async (request) => (await this.#read([request]))[0] as readonly ReadRow[]),
      );
    }
  }
}

/** Whether nothing is to be had from the server, whatever it is asked. */
function isOfServer(error: unknown): boolean {
  return isOutboundEventsError(error) && ['ERR_STORAGE_UNAVAILABLE', 'ERR_OUTCOME_UNKNOWN'].includes(error.code);
}
