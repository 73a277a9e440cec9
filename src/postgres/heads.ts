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

/** `null` for one that has to be asked for again. */
type Head = readonly ReadRow[] | null;

/** What the server answers with; `more` when it has events that are not in the queues yet. */
interface HeadsRead {
  readonly heads: readonly Head[];
  readonly more: boolean;
}

export interface HeadsContext {
  readonly read: (requests: readonly HeadRequest[]) => Promise<HeadsRead>;
  /** More may wait for these recipients, behind what is just being read. */
  readonly tell: (recipientIds: readonly string[]) => void;
}

/** Reads the heads of queues. Those that are asked for at the same time share a statement, which costs more than what it reads. */
export class Heads {
  readonly #context: HeadsContext;
  /** One statement is read from while the other is carried out. */
  readonly #batches = new Batcher<HeadRequest, PromiseSettledResult<Head>>(
    (requests) => this.#readTogether(requests),
    // Nobody waits for a server that does not answer much longer than for one answer.
    { largest: 64, atATime: 2, spread: (error) => (isOfServer(error) ? error : null) },
  );

  constructor(context: HeadsContext) {
    this.#context = context;
  }

  /** As `QueueStorage.read`. */
  async read(request: HeadRequest): Promise<readonly QueuedDelivery[]> {
    for (;;) {
      const result = await this.#batches.add(request);
      if (result.status === 'rejected') throw result.reason;
      if (result.value !== null) return result.value.map(deliveryOf);
    }
  }

  async #readTogether(requests: readonly HeadRequest[]): Promise<readonly PromiseSettledResult<Head>[]> {
    try {
      const { heads, more } = await this.#context.read(requests);
      const given = requests.filter((_, index) => (heads[index]?.length ?? 0) > 0);
      if (more && given.length > 0) this.#context.tell(given.map(({ recipientId }) => recipientId));
      return heads.map((value) => ({ status: 'fulfilled', value }));
    } catch (error) {
      if (requests.length === 1 || !mayBeOfOne(error)) throw error;
      return this.#readOneByOne(requests);
    }
  }

  async #readOneByOne(requests: readonly HeadRequest[]): Promise<readonly PromiseSettledResult<Head>[]> {
    const results: PromiseSettledResult<Head>[] = [];
    for (const request of requests) {
      const [result] = await this.#readTogether([request]).catch((reason) => {
        if (!mayBeOfOne(reason)) throw reason;
        return [{ status: 'rejected' as const, reason }];
      });
      results.push(result as PromiseSettledResult<Head>);
    }
    return results;
  }
}

/** Whether there was no answer at all. */
function isOfServer(error: unknown): boolean {
  return isOutboundEventsError(error) && ['ERR_STORAGE_UNAVAILABLE', 'ERR_OUTCOME_UNKNOWN'].includes(error.code);
}

/** Whether it may be one queue that cannot be read, such as one with a damaged row. */
function mayBeOfOne(error: unknown): boolean {
  return isOutboundEventsError(error) && ['ERR_STORAGE_CORRUPT', 'ERR_STORAGE_FAILED'].includes(error.code);
}
