import { OutboundEventsError } from '../core/errors.ts';
import type { PostgresClient, PostgresPool } from './pool.ts';
import { connectionError, isTransient, sqlState, statementError } from './postgres-error.ts';

/** For a connection, and for an answer: past it the other side counts as gone. */
const patienceMs = 25_000;
const tries = 100;
const longestWaitMs = 100;

/** The host's pool, with an end to every wait. */
export class Connections {
  readonly #pool: PostgresPool;

  constructor(pool: PostgresPool) {
    this.#pool = pool;
  }

  /** A connection, to be handed back with `give`. Rejects with `ERR_STORAGE_UNAVAILABLE`. */
  async take(): Promise<PostgresClient> {
    const connecting = this.#pool.connect();
    try {
      const client = await within(patienceMs, connecting);
      // One that breaks says so to its statement, too; unheard, the event would end the process.
      client.on('error', ignore);
      return client;
    } catch (error) {
      connecting.then(
        (client) => client.release(),
        () => {},
      );
      throw connectionError(error);
    }
  }

  /** Hands a connection back; one that broke is closed. */
  give(client: PostgresClient, isBroken: boolean): void {
    if (!isBroken) client.off('error', ignore);
    client.release(isBroken);
  }

  /** Runs one statement that is a transaction of its own; again while others are in its way. The error is one of ours. */
  async run(text: string, values: unknown[]): Promise<readonly unknown[]> {
    for (let number = 1; ; number += 1) {
      try {
        return await this.#runOnce(text, values);
      } catch (error) {
        if (!isTransient(error) || number === tries) throw statementError(error);
        await new Promise((resolve) => setTimeout(resolve, Math.random() * Math.min(10 * number, longestWaitMs)));
      }
    }
  }

  async #runOnce(text: string, values: unknown[]): Promise<readonly unknown[]> {
    const client = await this.take();
    try {
      const { rows } = await within(patienceMs, client.query(text, values));
      this.give(client, false);
      return rows;
    } catch (error) {
      // A connection that did not answer must not be used again.
      this.give(client, sqlState(error) === undefined);
      throw error;
    }
  }
}

function ignore(): void {}

/** As `promise`, but rejects with `ERR_OUTCOME_UNKNOWN` when it takes longer. */
export async function within<Result>(limitMs: number, promise: Promise<Result>): Promise<Result> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const text = `PostgreSQL did not answer within ${limitMs / 1_000} s; what was asked for may have happened`;
    late.reject(new OutboundEventsError('ERR_OUTCOME_UNKNOWN', text));
  }, limitMs);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
