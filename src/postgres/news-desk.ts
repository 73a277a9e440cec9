import type { StorageListener, StorageNews } from '../core/storage.ts';
import type { Connections } from './connections.ts';
import { Ear } from './ear.ts';
import { Rounds } from './rounds.ts';
import type { SqlNames } from './sql-function.ts';

/** How often it is looked whether something was missed: while messages come, and while they do not. */
const lookMs = 5_000;
const pollMs = 500;

/** What `look` answers with. */
interface Sight {
  readonly revision: number;
  readonly waiting: readonly string[];
}

export interface NewsDeskContext {
  readonly connections: Connections;
  readonly names: SqlNames;
  /** Asks the database what waits. */
  readonly look: () => Promise<Sight>;
  readonly listRecipientIds: () => Promise<readonly string[]>;
}

/**
 * Hears of what others do. While messages do not come (a pooler that changes connections between transactions, a
 * connection that was lost), it looks often instead.
 */
export class NewsDesk {
  /** What is sent under this name is not told here. */
  readonly sender: string = crypto.randomUUID();
  readonly #context: NewsDeskContext;
  readonly #listeners = new Set<StorageListener>();
  readonly #ear: Ear;
  readonly #rounds = new Rounds(() => this.#round());
  #revision = -1;

  constructor(context: NewsDeskContext) {
    this.#context = context;
    this.#ear = new Ear({
      connections: context.connections,
      names: context.names,
      hear: (payload) => this.#heard(payload),
      changed: () => this.#rounds.wake(),
    });
  }

  /** As {@link Ear.session}. */
  get session(): number | null {
    return this.#ear.session;
  }

  /** @param mayListen whether the pool has a connection to spare for it. Resolves with warnings. */
  async open(mayListen: boolean): Promise<readonly string[]> {
    const obstacle = mayListen ? await this.#ear.open() : null;
    await this.#look(false).catch(() => {});
    this.#rounds.wakeIn(this.#waitMs());
    if (this.#ear.hears) return [];
    const [why, remedy] = mayListen
      ? [obstacle?.message ?? 'its connection was lost', 'it is tried again, at least once a minute']
      : ['it has one connection', 'give the pool two at least'];
    return [
      `LISTEN does not work through this pool (${why}): news of other processes come by looking twice a second, and a dead process is replaced when its leases run out; ${remedy}`,
    ];
  }

  listen(listener: StorageListener): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  async close(): Promise<void> {
    await Promise.all([this.#rounds.stop(), this.#ear.close()]);
  }

  #heard(payload: string): void {
    const { news, ids, sender } = parseMessage(payload);
    if (sender === this.sender) return;
    if (news === 'queue' || news === 'lease' || news === 'recipient') this.#tell(ids, news);
    else this.#rounds.wake();
  }

  #tell(ids: readonly string[], news: StorageNews): void {
    for (const listener of this.#listeners) listener(ids, news);
  }

  #waitMs(): number {
    return this.#ear.hears ? lookMs : pollMs;
  }

  async #round(): Promise<number> {
    try {
      await this.#look(true);
      return this.#waitMs();
    } catch {
      return pollMs;
    }
  }

  /** Looks for what was missed. */
  async #look(tells: boolean): Promise<void> {
    const sight = await this.#context.look();
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
