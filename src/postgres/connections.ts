import { OutboundEventsError } from '../core/errors.ts';
import type { PostgresClient, PostgresPool, PostgresQueryable } from './pool.ts';
import { connectionError, isTransient, sqlState, statementError } from './postgres-error.ts';
import { lastRows, readCommitted } from './read-committed.ts';

const tries = 100;
const longestWaitMs = 100;

/** The host's pool, with an end to every wait. */
export class Connections {
  readonly #pool: PostgresPool;
  /** For a connection, and for an answer, ms: past it the other side counts as gone. */
  readonly #timeout: number;
  /** Until a statement fails as those do of a higher isolation level. */
  #isReadCommitted = true;
  /** What ends the waits under way. */
  readonly #waits = new Set<() => void>();
  /** From then on nothing is waited for, `performance.now()`. */
  #until = Number.POSITIVE_INFINITY;

  constructor(pool: PostgresPool, timeout: number) {
    this.#pool = pool;
    this.#timeout = timeout;
  }

  /**
   * For a lock, ms: the server gives up before we do, or it would go on waiting for who has gone. Half of the time for an
   * answer, as a row that is locked can take two waits.
   */
  get lockTimeout(): number {
    return Math.ceil(this.#timeout / 2);
  }

  /** From so many ms on no answer is waited for any longer. */
  hurry(limitMs: number): void {
    this.#until = performance.now() + limitMs;
    const timer = setTimeout(() => {
      for (const end of this.#waits) end();
    }, limitMs);
    timer.unref();
  }

  /** As `promise`, but rejects with `ERR_OUTCOME_UNKNOWN` when that takes too long. */
  async within<Result>(promise: Promise<Result>, limitMs = this.#timeout): Promise<Result> {
    const late = Promise.withResolvers<never>();
    const end = (): void => {
      const text = 'PostgreSQL did not answer in time; what was asked for may have happened';
      late.reject(new OutboundEventsError('ERR_OUTCOME_UNKNOWN', text));
    };
    const timer = setTimeout(end, Math.max(0, Math.min(limitMs, this.#until - performance.now())));
    this.#waits.add(end);
    try {
      return await Promise.race([promise, late.promise]);
    } finally {
      this.#waits.delete(end);
      clearTimeout(timer);
    }
  }

  /** The client, with an end to every wait for an answer. */
  bounded(client: PostgresQueryable): PostgresQueryable {
    return { query: (text, values) => this.within(client.query(text, values)) };
  }

  /** A connection, to be handed back with `give`. Rejects with `ERR_STORAGE_UNAVAILABLE`. */
  async take(): Promise<PostgresClient> {
    const connecting = this.#connect();
    try {
      return await this.within(connecting);
    } catch (error) {
      connecting.then(
        (client) => this.give(client, false),
        () => {},
      );
      throw connectionError(error);
    }
  }

  #connect(): Promise<PostgresClient> {
    // A pool may also throw at once, for options that it only looks at now.
    return new Promise((resolve, reject) => {
      // Not its promise: a connection can break before that is looked at.
      this.#pool.connect((error, client) => {
        // One that breaks says so to its statement, too; unheard, the event would end the process.
        client?.on('error', ignore);
        if (client === undefined) reject(error);
        else resolve(client);
      });
    });
  }

  /** Hands a connection back; one that broke is closed. */
  give(client: PostgresClient, isBroken: boolean): void {
    if (!isBroken) client.off('error', ignore);
    client.release(isBroken);
  }

  /**
   * Evaluates an expression, as one statement that is a transaction of its own; again while others are in its way.
   * Resolves with one row, which has it as `answer`. The error is one of ours.
   */
  async evaluate(expression: string, values: string[]): Promise<readonly unknown[]> {
    // Until the end of the transaction: nothing is left behind on the host's connection, or on a pooler's.
    const text = `SELECT set_config('lock_timeout', '${this.lockTimeout}', true), ${expression} AS answer`;
    for (let number = 1; ; number += 1) {
      try {
        return await this.#runOnce(text, values);
      } catch (error) {
        if (!isTransient(error) || number === tries) throw statementError(error);
        if (sqlState(error) === '40001') this.#isReadCommitted = false;
        await new Promise((resolve) => setTimeout(resolve, Math.random() * Math.min(10 * number, longestWaitMs)));
      }
    }
  }

  async #runOnce(text: string, values: string[]): Promise<readonly unknown[]> {
    const client = await this.take();
    try {
      const asked = this.#isReadCommitted ? client.query(text, values) : client.query(readCommitted(text, values));
      const rows = lastRows(await this.within(asked));
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
