import type { StorageListener, StorageNews } from '../core/storage.ts';
import { type Connections, within } from './connections.ts';
import type { PostgresClient } from './pool.ts';
import type { SqlNames } from './sql-function.ts';

/** How often it is looked whether something was missed: while messages come, and where they cannot. */
const lookMs = 5_000;
const pollMs = 500;
/** For the answer on the connection that listens; past it the connection counts as dead. */
const patienceMs = 10_000;
/** For the message to itself that shows whether messages come. */
const echoMs = 2_000;

/** What `look` answers with. */
interface Sight {
  readonly revision: number;
  readonly waiting: readonly string[];
}

/** A connection that listens, and what it calls. */
interface Ear {
  readonly client: PostgresClient;
  readonly hear: (message: { readonly payload?: string | undefined }) => void;
  readonly lose: () => void;
}

export interface NewsDeskContext {
  readonly connections: Connections;
  readonly names: SqlNames;
  /** Asks the database what waits, on any connection. */
  readonly look: (client: PostgresClient | null) => Promise<Sight>;
  readonly listRecipientIds: () => Promise<readonly string[]>;
}

/**
 * Hears of what others do. One connection of the pool listens, and holds an advisory lock that tells others that this
 * process lives. Where that cannot be had (a pooler that changes connections between transactions), it looks often instead.
 */
export class NewsDesk {
  /** What is sent under this name is not told here. */
  readonly sender: string = crypto.randomUUID();
  readonly #context: NewsDeskContext;
  readonly #listeners = new Set<StorageListener>();
  #ear: Ear | null = null;
  #session: number | null = null;
  #listens = false;
  #revision = -1;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(context: NewsDeskContext) {
    this.#context = context;
  }

  /** The session whose end shows that this process is dead; `null` where there is none. */
  get session(): number | null {
    return this.#ear === null ? null : this.#session;
  }

  /** @param mayListen whether the pool has a connection to spare for it. Resolves with warnings. */
  async open(mayListen: boolean): Promise<readonly string[]> {
    this.#listens = mayListen && (await this.#connect());
    await this.#look(false).catch(() => {});
    this.#schedule();
    if (this.#listens) return [];
    return [
      `LISTEN does not work through this pool (${mayListen ? 'a pooler that shares connections by transaction' : 'it has one connection'}): news of other processes come by looking twice a second, and a dead process is replaced when its leases run out; give the pool direct connections, two at least`,
    ];
  }

  listen(listener: StorageListener): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#looking;
    const ear = this.#ear;
    this.#ear = null;
    if (ear === null) return;
    try {
      await within(patienceMs, ear.client.query('UNLISTEN *'));
      await within(patienceMs, ear.client.query(`SELECT pg_advisory_unlock(${this.#lock()})`));
      this.#drop(ear, false);
    } catch {
      this.#drop(ear, true);
    }
  }

  /** Takes a connection to listen on; `false` when no messages come over it. */
  async #connect(): Promise<boolean> {
    const { connections, names } = this.#context;
    const client = await connections.take();
    const echoed = Promise.withResolvers<void>();
    const token = `echo ${crypto.randomUUID()}`;
    const ear: Ear = {
      client,
      hear: ({ payload = '' }) => {
        if (payload === token) echoed.resolve();
        else this.#heard(payload);
      },
      lose: () => this.#lost(ear),
    };
    client.on('notification', ear.hear);
    client.on('error', ear.lose);
    client.on('end', ear.lose);
    try {
      await within(patienceMs, client.query(`LISTEN ${names.schema}`));
      // By another connection: a pooler that lends this one out would pass on what comes while it is lent.
      await connections.run(`SELECT pg_notify(${names.channel}, $1)`, [token]);
      await within(echoMs, echoed.promise);
      await this.#lockSession(client);
    } catch (error) {
      this.#drop(ear, true);
      if (this.#session !== null) throw error;
      return false;
    }
    if (this.#closed) this.#drop(ear, true);
    else this.#ear = ear;
    return true;
  }

  #drop({ client, hear, lose }: Ear, isBroken: boolean): void {
    client.off('notification', hear);
    client.off('error', lose);
    client.off('end', lose);
    this.#context.connections.give(client, isBroken);
  }

  async #lockSession(client: PostgresClient): Promise<void> {
    if (this.#session === null) {
      const { rows } = await client.query(`SELECT nextval('${this.#context.names.schema}.sessions')::text AS number`);
      this.#session = Number((rows[0] as { number: string }).number);
    }
    await within(patienceMs, client.query(`SELECT pg_advisory_lock(${this.#lock()})`));
  }

  #lock(): string {
    return `${this.#context.names.lockClass}, ${this.#session}`;
  }

  #lost(ear: Ear): void {
    if (this.#ear !== ear) return;
    this.#ear = null;
    this.#drop(ear, true);
    this.#schedule(0);
  }

  #heard(payload: string): void {
    const { news, ids, sender } = parseMessage(payload);
    if (sender === this.sender) return;
    if (news === 'queue' || news === 'lease' || news === 'recipient') this.#tell(ids, news);
    else this.#schedule(0);
  }

  #tell(ids: readonly string[], news: StorageNews): void {
    for (const listener of this.#listeners) listener(ids, news);
  }

  #schedule(waitMs = this.#listens ? lookMs : pollMs): void {
    clearTimeout(this.#timer);
    if (this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#looking = this.#round()
        .then(() => this.#schedule())
        .catch(() => this.#schedule(pollMs));
    }, waitMs);
  }

  /** Listens again where that was lost, and looks for what was missed. */
  async #round(): Promise<void> {
    if (this.#listens && this.#ear === null) await this.#connect();
    await this.#look(true);
  }

  async #look(tells: boolean): Promise<void> {
    const ear = this.#ear;
    let sight: Sight;
    try {
      sight = await within(patienceMs, this.#context.look(ear?.client ?? null));
    } catch (error) {
      if (ear !== null) this.#lost(ear);
      throw error;
    }
    const changed = sight.revision !== this.#revision;
    if (tells && changed) this.#tell(await this.#context.listRecipientIds(), 'recipient');
    this.#revision = sight.revision;
    if (tells && sight.waiting.length > 0) this.#tell(sight.waiting, 'queue');
  }
}

interface Message {
  readonly news?: string;
  readonly ids: readonly string[];
  readonly sender?: string | null;
}

function parseMessage(payload: string): Message {
  try {
    return { ids: [], ...(JSON.parse(payload) as { news: string }) };
  } catch {
    // Somebody else's use of the channel.
    return { news: 'unknown', ids: [] };
  }
}
