import { checkMethods } from '../core/check.ts';
import type { QueuedDelivery } from '../core/event.ts';
import type { AppendResult, Settlement, StorageLimits, StorageListener } from '../core/storage.ts';
import { Connections } from './connections.ts';
import { Forgetting } from './forgetting.ts';
import { type GivenEntry, givenEntries } from './given-entries.ts';
import { type HeadRequest, Heads } from './heads.ts';
import { checkServer, checkVersion, migrate, sqlNames } from './migrate.ts';
import { NewsDesk } from './news-desk.ts';
import type { PostgresClient, PostgresPool, PostgresTransaction } from './pool.ts';
import { joinError, statementError } from './postgres-error.ts';
import { type Room, UncountedRoom } from './room.ts';
import { givenSettlements } from './settlements.ts';
import type { SqlNames } from './sql-function.ts';
import { StagedWatch } from './staged-watch.ts';
import { Teller } from './teller.ts';

type Answer = readonly string[] | 'duplicate' | 'id-reused' | 'backlog-full';

interface StagedAnswer {
  readonly result: Answer;
  /** The transaction it was stored in. */
  readonly within?: string;
}

/** What counts, too, answers with the room it found. */
interface Counted {
  readonly room?: Room | null;
}

/** How long a server that does not answer may hold up `close`. */
const farewellMs = 2_000;

export interface DatabaseOptions {
  readonly pool: PostgresPool;
  readonly schema: string;
  /** ms */
  readonly timeout: number;
}

/** One opening of the storage. */
export class PostgresDatabase {
  readonly #pool: PostgresPool;
  readonly #connections: Connections;
  readonly #names: SqlNames;
  readonly #news: NewsDesk;
  /** Is told which queues are worked on here. */
  readonly teller = new Teller((ids) => {
    return this.#connections.evaluate(`${this.#names.schema}.tell('queue', $1::text::json)`, [JSON.stringify(ids)]);
  });
  readonly #staged: StagedWatch;
  readonly #heads = new Heads({
    read: (requests) => this.call('read', requests),
    tell: (ids) => this.#listener(ids, 'queue'),
  });
  readonly #forgetting = new Forgetting((input) => this.call('forget', input));
  readonly #underWay = new Set<Promise<unknown>>();
  readonly #room = new UncountedRoom();
  #listener: StorageListener = () => {};
  #limits: StorageLimits | null = null;
  #changes = 0;

  constructor({ pool, schema, timeout }: DatabaseOptions) {
    this.#pool = pool;
    this.#connections = new Connections(pool, timeout);
    this.#names = sqlNames(schema);
    this.#news = new NewsDesk({
      connections: this.#connections,
      names: this.#names,
      look: () => this.call('look', {}),
      listRecipientIds: async () => {
        const rows = await this.call<readonly (readonly [string, string])[]>('list_recipients', {});
        return rows.map(([id]) => id);
      },
    });
    this.#staged = new StagedWatch({
      ended: (transactions) => this.call('ended', transactions),
      tell: (ids) => {
        this.#listener(ids, 'queue');
        this.teller.tell(ids);
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
      await checkServer(this.#connections.bounded(client));
      await migrate(this.#connections, client, this.#names);
    });
  }

  /** Resolves with warnings. */
  async open(limits: StorageLimits, migrates: boolean, listener: StorageListener): Promise<readonly string[]> {
    this.#limits = { ...limits };
    const warnings = await this.#withClient(async (client) => {
      const bounded = this.#connections.bounded(client);
      const found = await checkServer(bounded);
      if (migrates) await migrate(this.#connections, client, this.#names);
      else await checkVersion(bounded, this.#names);
      return found;
    });
    this.#listener = listener;
    this.#news.listen(listener);
    return [...warnings, ...(await this.#news.open(this.#pool.options?.max !== 1))];
  }

  /** From now on nothing takes long, whether the server answers or not. */
  hurry(): void {
    this.#connections.hurry(farewellMs);
  }

  /** Waits for what is under way, but not long for a server that does not answer. */
  async close(): Promise<void> {
    this.hurry();
    while (this.#underWay.size > 0) await Promise.allSettled(this.#underWay);
    await this.#staged.close();
    await this.teller.idle();
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
    const values = [JSON.stringify(input)];
    return this.hold(() => answered(() => this.#connections.evaluate(this.#expression(name), values)));
  }

  /** The number of a change of recipients: higher than those of the changes asked for before. */
  nextChange(): number {
    this.#changes += 1;
    return this.#changes;
  }

  /** By the clock that leases run by, epoch ms. */
  time(): Promise<number> {
    return this.hold(async () => {
      const now = `(extract(epoch FROM ${this.#names.schema}.lease_clock()) * 1000)::text`;
      return Number(answerOf(await this.#connections.evaluate(now, [])));
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

  #expression(name: string): string {
    return `${this.#names.schema}.${name}($1::text::json)::text`;
  }

  async append(entries: readonly GivenEntry[], forgetBefore: number): Promise<readonly AppendResult[]> {
    const wanted = roomFor(entries);
    const input = { ...givenEntries(entries), limits: this.#limitsFor(wanted) };
    const answer = await this.call<Counted & { readonly results: readonly Answer[] | null }>('append', input);
    if (answer.room) this.#room.counted(answer.room, wanted);
    // Without results all are stored for all of theirs.
    const results = answer.results ?? entries.map(({ recipientIds }) => recipientIds);
    this.teller.tell(results.flatMap((result) => (typeof result === 'string' ? [] : result)));
    this.#forgetting.added(entries.length, forgetBefore);
    return results.map(resultOf);
  }

  /** To be looked at; none where much room is left. */
  #limitsFor(wanted: Room): StorageLimits | null | undefined {
    return this.#room.mustCount(wanted) ? this.#limits : undefined;
  }

  /** Joins the host's transaction: what happens with it happens with the events. */
  async stage(
    entries: readonly GivenEntry[],
    transaction: PostgresTransaction,
    forgetBefore: number,
  ): Promise<readonly AppendResult[]> {
    checkMethods(transaction, 'options.transaction', ['query']);
    try {
      // What an insert takes anyway; PostgreSQL refuses it outside a transaction.
      await transaction.query(`LOCK TABLE ${this.#names.schema}.staged IN ROW EXCLUSIVE MODE`);
    } catch (error) {
      throw joinError(error);
    }
    const results: AppendResult[] = [];
    try {
      for (const entry of entries) {
        const wanted = roomFor([entry]);
        const input = JSON.stringify({ entry, limits: this.#limitsFor(wanted) });
        const { rows } = await transaction.query(`SELECT ${this.#expression('stage')} AS answer`, [input]);
        const { result, room, within } = answerOf(rows) as Counted & StagedAnswer;
        if (room) this.#room.counted(room, wanted);
        if (within !== undefined && typeof result !== 'string') this.#staged.staged(within, result);
        results.push(resultOf(result));
      }
    } catch (error) {
      throw statementError(error);
    }
    this.#forgetting.added(entries.length, forgetBefore);
    return results;
  }

  /** As `QueueStorage.read`. */
  read(request: HeadRequest): Promise<readonly QueuedDelivery[]> {
    return this.hold(() => this.#heads.read(request));
  }

  async settle(settlements: readonly Settlement[]): Promise<readonly boolean[]> {
    const { given, recorded } = givenSettlements(settlements);
    return recorded(await this.call<readonly number[]>('settle', given));
  }
}

/** What the entries take if all are new. */
function roomFor(entries: readonly GivenEntry[]): Room {
  return {
    deliveries: entries.reduce((sum, { recipientIds }) => sum + recipientIds.length, 0),
    bytes: entries.reduce((sum, { data }) => sum + Buffer.byteLength(data), 0),
  };
}

/** With `null` a function says that it has done a part of what had to be done first: it is called again. */
async function answered<T>(run: () => Promise<readonly unknown[]>): Promise<T> {
  let answer = answerOf(await run());
  while (answer === null) answer = answerOf(await run());
  return answer as T;
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
