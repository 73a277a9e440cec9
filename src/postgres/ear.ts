import { OutboundEventsError } from '../core/errors.ts';
import type { Connections } from './connections.ts';
import type { PostgresClient } from './pool.ts';
import { statementError } from './postgres-error.ts';
import { Rounds } from './rounds.ts';
import type { SqlNames } from './sql-function.ts';

/** For the message to itself that shows whether messages come. */
const echoMs = 2_000;
/** How often it is asked whether the connection still works, and how long an answer may take before nothing counts as heard. */
const checkMs = 5_000;
const silenceMs = 1_000;
/** Until another connection is tried for: longer each time, and at most so long. */
const firstRetryMs = 1_000;
const longestRetryMs = 60_000;

/** A connection that listens, and what it calls. */
interface Line {
  readonly client: PostgresClient;
  readonly hear: (message: { readonly payload?: string | undefined }) => void;
  readonly lose: () => void;
}

export interface EarContext {
  readonly connections: Connections;
  readonly names: SqlNames;
  readonly hear: (payload: string) => void;
  /** Something may have been missed, or will be. */
  readonly changed: () => void;
}

/**
 * One connection of the pool that listens, and holds an advisory lock that tells others that this process lives. When it
 * is lost another is taken, as often as it needs; nothing waits for that.
 */
export class Ear {
  readonly #context: EarContext;
  readonly #rounds = new Rounds(() => this.#keep());
  #line: Line | null = null;
  #isSilent = false;
  #session: number | null = null;
  #failures = 0;

  constructor(context: EarContext) {
    this.#context = context;
  }

  /** Whether messages come, as far as is known. */
  get hears(): boolean {
    return this.#line !== null && !this.#isSilent;
  }

  /** The session whose end shows that this process is dead; `null` where there is none. */
  get session(): number | null {
    return this.hears ? this.#session : null;
  }

  /** Resolves with what is in the way of hearing, if anything is; it is tried again, from then on until `close`. */
  async open(): Promise<OutboundEventsError | null> {
    try {
      await this.#connect();
      this.#rounds.wakeIn(checkMs);
      return null;
    } catch (error) {
      this.#rounds.wakeIn(this.#retryMs());
      return statementError(error);
    }
  }

  async close(): Promise<void> {
    await this.#rounds.stop();
    const line = this.#line;
    this.#line = null;
    if (line === null) return;
    const { connections } = this.#context;
    try {
      await connections.within(line.client.query('UNLISTEN *'));
      await connections.within(line.client.query(`SELECT pg_advisory_unlock(${this.#lock()})`));
      this.#drop(line, false);
    } catch {
      this.#drop(line, true);
    }
  }

  /** Resolves with when to come again, ms. */
  async #keep(): Promise<number> {
    const line = this.#line;
    if (line !== null) {
      await this.#check(line).catch(line.lose);
      return this.#line === null ? 0 : checkMs;
    }
    try {
      await this.#connect();
      this.#context.changed();
      return checkMs;
    } catch {
      return this.#retryMs();
    }
  }

  #retryMs(): number {
    this.#failures += 1;
    return Math.min(firstRetryMs * 2 ** (this.#failures - 1), longestRetryMs);
  }

  /** Asks for what needs no lock, so that the answer only depends on the connection. */
  async #check({ client }: Line): Promise<void> {
    const { connections, changed } = this.#context;
    const answer = client.query('SELECT 1');
    try {
      await connections.within(answer, silenceMs);
    } catch {
      this.#isSilent = true;
      changed();
      await connections.within(answer);
      this.#isSilent = false;
    }
  }

  async #connect(): Promise<void> {
    const { connections, names, hear } = this.#context;
    const client = await connections.take();
    const echoed = Promise.withResolvers<void>();
    const token = `echo ${crypto.randomUUID()}`;
    const line: Line = {
      client,
      hear: ({ payload = '' }) => {
        if (payload === token) echoed.resolve();
        else hear(payload);
      },
      lose: () => this.#lose(line),
    };
    client.on('notification', line.hear);
    client.on('error', line.lose);
    client.on('end', line.lose);
    const isKnown = this.#session !== null;
    try {
      // Before anything else where others know this process by it: once a second they look whether it is held.
      if (isKnown) await this.#holdSession(client);
      await connections.within(client.query(`LISTEN ${names.schema}`));
      // By another connection: a pooler that lends this one out would pass on what comes while it is lent.
      await connections.evaluate(`pg_notify(${names.channel}, $1)`, [token]);
      await connections.within(echoed.promise, echoMs).catch(() => {
        throw noEcho();
      });
      if (!isKnown) await this.#holdSession(client);
    } catch (error) {
      this.#drop(line, true);
      throw error;
    }
    this.#line = line;
    this.#isSilent = false;
    this.#failures = 0;
  }

  /** Under the number of before, if it is free: the server may not know yet that the connection that holds it is broken. */
  async #holdSession(client: PostgresClient): Promise<void> {
    const { connections, names } = this.#context;
    const ask = async (what: string): Promise<string> => {
      const { rows } = await connections.within(client.query(`SELECT (${what})::text AS answer`));
      return (rows[0] as { answer: string }).answer;
    };
    while (this.#session === null || (await ask(`pg_try_advisory_lock(${this.#lock()})`)) === 'false') {
      this.#session = Number(await ask(`nextval('${names.schema}.sessions')`));
    }
  }

  #lock(): string {
    return `${this.#context.names.lockClass}, ${this.#session}`;
  }

  #lose(line: Line): void {
    if (this.#line !== line) return;
    this.#line = null;
    this.#drop(line, true);
    this.#rounds.wake();
    this.#context.changed();
  }

  #drop({ client, hear, lose }: Line, isBroken: boolean): void {
    client.off('notification', hear);
    client.off('error', lose);
    client.off('end', lose);
    this.#context.connections.give(client, isBroken);
  }
}

function noEcho(): OutboundEventsError {
  return new OutboundEventsError(
    'ERR_STORAGE_UNAVAILABLE',
    `a message to itself did not come within ${echoMs / 1_000} s: a pooler in between shares connections by transaction, or the server is very busy`,
  );
}
