import { checkMethods } from '../core/check.ts';
import type { StoredEvent } from '../core/event.ts';
import type { AppendResult, Settlement, StorageLimits, StorageListener } from '../core/storage.ts';
import { Connections } from './connections.ts';
import { checkServer, checkVersion, migrate, sqlNames } from './migrate.ts';
import { NewsDesk } from './news-desk.ts';
import type { PostgresClient, PostgresPool, PostgresTransaction } from './pool.ts';
import { statementError } from './postgres-error.ts';
import type { SqlNames } from './sql-function.ts';

/** An event to be appended, as the functions of the schema take it. */
export interface GivenEntry extends StoredEvent {
  readonly digest: string;
  readonly recipientIds: readonly string[];
}

type Answer = readonly string[] | 'duplicate' | 'id-reused' | 'backlog-full';

interface Room {
  readonly deliveries: number;
  readonly bytes: number;
}

/** How long a count of what waits is good for, and how much of the room it found may be used meanwhile. */
const roomMs = 1_000;
const roomShare = 16;

/** Events forgotten are looked for after so many new ones, among so many. */
const eventsPerStep = 256;
const visitsPerStep = 1_024;

/** One opening of the storage. */
export class PostgresDatabase {
  readonly #pool: PostgresPool;
  readonly #connections: Connections;
  readonly #names: SqlNames;
  readonly #news: NewsDesk;
  readonly #underWay = new Set<Promise<unknown>>();
  /** Recipients whose queues are worked on here: nobody else need be told what is appended to them. */
  readonly #held = new Set<string>();
  #limits: StorageLimits | null = null;
  #room: Room | null = null;
  #roomUntil = 0;
  #toTell = new Set<string>();
  #telling: Promise<void> | null = null;
  #visited = 0;
  #visitsDue = 0;

  constructor(pool: PostgresPool, schema: string) {
    this.#pool = pool;
    this.#connections = new Connections(pool);
    this.#names = sqlNames(schema);
    this.#news = new NewsDesk({
      connections: this.#connections,
      names: this.#names,
      look: (client) => this.#look(client),
      listRecipientIds: async () => {
        const rows = await this.call<readonly (readonly [string, string])[]>('list_recipients', {});
        return rows.map(([id]) => id);
      },
    });
  }

  /** As {@link NewsDesk.session}. */
  get session(): number | null {
    return this.#news.session;
  }

  /** Names this process in news that it need not be told itself. */
  get sender(): string {
    return this.#news.sender;
  }

  async migrate(): Promise<void> {
    await this.#withClient(async (client) => {
      await checkServer(client);
      await migrate(client, this.#names);
    });
  }

  /** Resolves with warnings. */
  async open(limits: StorageLimits, migrates: boolean, listener: StorageListener): Promise<readonly string[]> {
    this.#limits = { ...limits };
    const warnings = await this.#withClient(async (client) => {
      const found = await checkServer(client);
      if (migrates) await migrate(client, this.#names);
      else await checkVersion(client, this.#names);
      return found;
    });
    this.#news.listen(listener);
    return [...warnings, ...(await this.#news.open(this.#pool.options?.max !== 1))];
  }

  /** Waits for what is under way. */
  async close(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay);
    await this.#telling;
    await this.#news.close();
  }

  async #withClient<T>(use: (client: PostgresClient) => Promise<T>): Promise<T> {
    const client = await this.#connections.take();
    try {
      const result = await use(client);
      this.#connections.give(client, false);
      return result;
    } catch (error) {
      this.#connections.give(client, true);
      throw statementError(error);
    }
  }

  /** Calls a function of the schema. */
  call<T>(name: string, input: unknown): Promise<T> {
    return this.hold(async () => {
      const rows = await this.#connections.run(this.#text(name), [JSON.stringify(input)]);
      return answerOf(rows) as T;
    });
  }

  /** `close` waits for it. */
  hold<T>(step: () => Promise<T>): Promise<T> {
    const call = step();
    this.#underWay.add(call);
    call.then(
      () => this.#underWay.delete(call),
      () => this.#underWay.delete(call),
    );
    return call;
  }

  #text(name: string): string {
    return `SELECT ${this.#names.schema}.${name}($1::text::json)::text AS answer`;
  }

  async #look(client: PostgresClient | null): Promise<{ revision: number; waiting: readonly string[] }> {
    if (client === null) return this.call('look', {});
    const { rows } = await client.query(this.#text('look'), ['{}']);
    return answerOf(rows) as { revision: number; waiting: readonly string[] };
  }

  /** The queues that are worked on here. */
  holds(recipientIds: readonly string[]): void {
    for (const id of recipientIds) this.#held.add(id);
  }

  holdsNoLonger(recipientIds: readonly string[]): void {
    for (const id of recipientIds) this.#held.delete(id);
  }

  async append(entries: readonly GivenEntry[], forgetBefore: number): Promise<readonly AppendResult[]> {
    const deliveries = entries.reduce((sum, { recipientIds }) => sum + recipientIds.length, 0);
    const bytes = entries.reduce((sum, { data }) => sum + data.length, 0);
    const limits = this.#mustCount(deliveries, bytes) ? this.#limits : undefined;
    const { results, room } = await this.call<{ results: readonly Answer[]; room?: Room }>('append', {
      entries,
      limits,
    });
    if (room !== undefined) {
      this.#room = { deliveries: room.deliveries / roomShare, bytes: room.bytes / roomShare };
      this.#roomUntil = performance.now() + roomMs;
    }
    this.#tell(results.flatMap((result) => (typeof result === 'string' ? [] : result)));
    this.#forget(forgetBefore, entries.length);
    return results.map(resultOf);
  }

  /** Counting costs the more, the more recipients there are: not each time where much room is left. */
  #mustCount(deliveries: number, bytes: number): boolean {
    if (this.#room === null || performance.now() > this.#roomUntil) return true;
    this.#room = { deliveries: this.#room.deliveries - deliveries, bytes: this.#room.bytes - bytes };
    return this.#room.deliveries < 0 || this.#room.bytes < 0;
  }

  /** Joins the host's transaction: what happens with it happens with the events. */
  async stage(entries: readonly GivenEntry[], transaction: PostgresTransaction): Promise<readonly AppendResult[]> {
    checkMethods(transaction, 'options.transaction', ['query']);
    const results: AppendResult[] = [];
    try {
      // What an insert takes anyway; PostgreSQL refuses it outside a transaction.
      await transaction.query(`LOCK TABLE ${this.#names.schema}.staged IN ROW EXCLUSIVE MODE`);
      for (const entry of entries) {
        const input = JSON.stringify({ entry, limits: this.#limits });
        const { rows } = await transaction.query(this.#text('stage'), [input]);
        results.push(resultOf(answerOf(rows) as Answer));
      }
    } catch (error) {
      throw statementError(error);
    }
    return results;
  }

  async settle(settlements: readonly Settlement[]): Promise<readonly boolean[]> {
    const merged = mergeSettlements(settlements);
    const input = [...merged.values()].map((settlement) => ({
      ...settlement,
      state: settlement.state && JSON.stringify(settlement.state),
      dropped: settlement.dropped.map((drop) => ({ ...drop, error: drop.error && JSON.stringify(drop.error) })),
    }));
    const places = [...merged.keys()];
    const keys = settlements.map(keyOf);
    const recorded = new Set((await this.call<readonly number[]>('settle', input)).map((place) => places[place - 1]));
    return keys.map((key) => recorded.has(key));
  }

  /**
   * Tells other processes, after the commit and apart from it: messages within a commit would make all commits of the
   * database wait for each other. Who misses one finds out by looking.
   */
  #tell(recipientIds: readonly string[]): void {
    for (const id of recipientIds) if (!this.#held.has(id)) this.#toTell.add(id);
    if (this.#toTell.size > 0) this.#telling ??= this.#tellAll();
  }

  async #tellAll(): Promise<void> {
    while (this.#toTell.size > 0) {
      const ids = JSON.stringify([...this.#toTell]);
      this.#toTell = new Set();
      const text = `SELECT ${this.#names.schema}.tell('queue', $1::text::json)`;
      await this.#connections.run(text, [ids]).catch(() => {});
    }
    this.#telling = null;
  }

  /** Now and then, beside the other calls. */
  #forget(before: number, added: number): void {
    this.#visitsDue += added;
    if (this.#visitsDue < eventsPerStep) return;
    this.#visitsDue = 0;
    const input = { after: this.#visited, before, visits: visitsPerStep };
    this.call<number>('forget', input).then(
      (visited) => {
        this.#visited = visited;
      },
      // It is tried again with the next events.
      () => {},
    );
  }
}

function answerOf(rows: readonly unknown[]): unknown {
  const { answer } = rows[0] as { answer: string | null };
  return answer === null ? null : JSON.parse(answer);
}

function resultOf(answer: Answer): AppendResult {
  return typeof answer === 'string'
    ? { status: answer as 'duplicate' }
    : { status: 'stored', recipientIds: answer as readonly string[] };
}

/** One for each lease, as if they were made one after the other. */
function mergeSettlements(settlements: readonly Settlement[]): ReadonlyMap<string, Settlement> {
  const merged = new Map<string, Settlement>();
  for (const settlement of settlements) {
    const before = merged.get(keyOf(settlement));
    merged.set(keyOf(settlement), {
      ...settlement,
      through: Math.max(settlement.through, before?.through ?? 0),
      dropped: [...(before?.dropped ?? []), ...settlement.dropped],
      state: settlement.state ?? before?.state,
    });
  }
  return merged;
}

function keyOf({ recipientId, fence }: Settlement): string {
  return `${fence} ${recipientId}`;
}
