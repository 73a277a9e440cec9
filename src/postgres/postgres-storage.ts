import { checkMethods, checkObject, refuse } from '../core/check.ts';
import { type Duration, parseDuration } from '../core/duration.ts';
import { OutboundEventsError } from '../core/errors.ts';
import type { QueuedDelivery } from '../core/event.ts';
import { eventDigest } from '../core/event-digest.ts';
import type {
  AppendOptions,
  AppendResult,
  ClaimRequest,
  DroppedDelivery,
  DroppedQuery,
  Lease,
  LeaseRef,
  LeaseTimes,
  NewEntry,
  Presence,
  QueueStats,
  QueueStorage,
  RecipientRecord,
  Settlement,
  StorageLimits,
  StorageListener,
} from '../core/storage.ts';
import { checkSchema } from './migrate.ts';
import type { PostgresPool, PostgresTransaction } from './pool.ts';
import { type DatabaseOptions, PostgresDatabase } from './postgres-database.ts';
import { type DroppedRow, droppedOf, type LeaseRow, leaseOf, type StatsRow, statsOf } from './rows.ts';

export interface PostgresStorageOptions {
  /** A `Pool` of `pg`, of two connections at least; it stays the host's, who ends it after `stop()`. */
  readonly pool: PostgresPool;
  /** The schema that holds the tables; made if it is not there. Default: `outbound_events`. */
  readonly schema?: string | undefined;
  /** Whether `open` brings the schema to the newest version. Default: `true`. With `false` the host calls {@link PostgresStorage.migrate}. */
  readonly migrate?: boolean | undefined;
  /**
   * How long to wait for a connection, and for an answer, before the other side counts as gone; at least 100 ms. Default:
   * `'25s'`.
   */
  readonly timeout?: Duration | undefined;
}

/**
 * Keeps everything in a schema of a PostgreSQL database (14 to 18), for any number of processes. What a call resolved
 * for is committed.
 *
 * Every call is one statement that is a transaction of its own, so a process that stops in the middle never leaves a lock
 * behind. One connection of the pool is kept to listen on, and shows others that this process lives.
 */
export class PostgresStorage implements QueueStorage<PostgresTransaction> {
  readonly #options: DatabaseOptions;
  readonly #migrates: boolean;
  /** `null` while it is closed. */
  #database: PostgresDatabase | null = null;
  /** The one that is being opened. */
  #opening: PostgresDatabase | null = null;
  #turn: Promise<unknown> = Promise.resolve();
  /** Appends come one after the other, and changes of recipients: the order of the calls is that of the commits. */
  #lastAppend: Promise<unknown> = Promise.resolve();
  #lastChange: Promise<unknown> = Promise.resolve();
  /** Asked to listen, also before it is open and after it was opened again. */
  readonly #listeners = new Set<StorageListener>();

  /** Throws at once when an option is wrong; the database is not looked at before {@link open}. */
  constructor(options: PostgresStorageOptions) {
    const given = checkObject(options, 'PostgresStorage options', ['pool', 'schema', 'migrate', 'timeout']);
    checkMethods(given.pool, 'pool', ['connect']);
    const { migrate = true } = given;
    if (typeof migrate !== 'boolean') {
      refuse('ERR_CONFIG_VALUE', 'migrate', 'true or false', migrate);
    }
    const timeout = parseDuration(given.timeout, 'timeout', '25s');
    this.#options = { pool: options.pool, schema: checkSchema(given.schema), timeout };
    this.#migrates = migrate;
  }

  /**
   * Brings the schema to the newest version, for hosts whose application may not change schemas. Any number of processes
   * may call it at a time.
   */
  async migrate(): Promise<void> {
    await new PostgresDatabase(this.#options).migrate();
  }

  open(limits: StorageLimits): Promise<readonly string[]> {
    return this.#inTurn(async () => {
      if (this.#database !== null) throw new OutboundEventsError('ERR_STORAGE_FAILED', 'the storage is open already');
      const database = new PostgresDatabase(this.#options);
      const tell: StorageListener = (ids, news) => {
        for (const listener of this.#listeners) listener(ids, news);
      };
      this.#opening = database;
      const warnings = await database.open(limits, this.#migrates, tell).finally(() => {
        this.#opening = null;
      });
      this.#database = database;
      return warnings;
    });
  }

  close(): Promise<void> {
    // From now on calls are refused, and if it is just being opened, from then on.
    const database = this.#database;
    this.#database = null;
    this.#opening?.hurry();
    return this.#inTurn(async () => {
      const open = database ?? this.#database;
      this.#database = null;
      await open?.close();
    });
  }

  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(step);
    this.#turn = Promise.allSettled([turn]);
    return turn;
  }

  async time(): Promise<number> {
    return this.#open().time();
  }

  async listRecipients(): Promise<readonly RecipientRecord[]> {
    const rows = await this.#open().call<readonly [string, string][]>('list_recipients', {});
    return rows.map(([id, settings]) => ({ id, settings }));
  }

  async saveRecipient({ id, settings }: RecipientRecord, replaced?: string): Promise<boolean> {
    return this.#change('save_recipient', { id, settings, replaced });
  }

  async removeRecipient(id: string): Promise<boolean> {
    return this.#change('remove_recipient', { id });
  }

  #change(name: string, input: object): Promise<boolean> {
    const database = this.#open();
    return database.hold(() => {
      const order = { sender: database.sender, number: database.nextChange() };
      const turn = this.#lastChange.then(() => database.call<boolean>(name, { ...input, ...order }));
      this.#lastChange = turn.catch(() => {});
      return turn;
    });
  }

  async append(
    entries: readonly NewEntry[],
    { forgetBefore, transaction }: AppendOptions<PostgresTransaction>,
  ): Promise<readonly AppendResult[]> {
    const database = this.#open();
    const given = entries.map(({ event, recipientIds }) => ({
      ...event,
      digest: eventDigest(event),
      recipientIds: [...new Set(recipientIds)],
    }));
    if (transaction !== undefined) return database.stage(given, transaction, forgetBefore);
    if (given.length === 0) return [];
    return database.hold(() => {
      const turn = this.#lastAppend.then(() => database.append(given, forgetBefore));
      this.#lastAppend = turn.catch(() => {});
      return turn;
    });
  }

  async announce(holder: string, { now, expiresAt }: LeaseTimes): Promise<Presence> {
    return this.#open().call('announce', { holder, lastsMs: expiresAt - now, session: this.#open().session });
  }

  async claim({ now, expiresAt, ...request }: ClaimRequest): Promise<readonly Lease[]> {
    const database = this.#open();
    const times = { lastsMs: expiresAt - now, session: database.session };
    const rows = await database.call<readonly LeaseRow[]>('claim', { ...request, ...times });
    const leases = rows.map(leaseOf);
    database.teller.holds(leases.map(({ recipientId }) => recipientId));
    return leases;
  }

  async renew(leases: readonly LeaseRef[], { now, expiresAt }: LeaseTimes): Promise<readonly string[]> {
    const database = this.#open();
    const times = { lastsMs: expiresAt - now, session: database.session };
    const refs = leases.map(refOf);
    const held = new Set(await database.call<readonly number[]>('renew', { leases: refs, ...times }));
    const lost = refs.filter((_, index) => !held.has(index + 1)).map(({ recipientId }) => recipientId);
    database.teller.holdsNoLonger(lost);
    return lost;
  }

  async release(leases: readonly LeaseRef[]): Promise<void> {
    const database = this.#open();
    database.teller.holdsNoLonger(leases.map(({ recipientId }) => recipientId));
    await database.call('release', { leases: leases.map(refOf) });
  }

  async read(lease: LeaseRef, limit: number, maxBytes: number): Promise<readonly QueuedDelivery[]> {
    return this.#open().read({ ...refOf(lease), limit, maxBytes });
  }

  async settle(settlements: readonly Settlement[]): Promise<readonly boolean[]> {
    return this.#open().settle(settlements);
  }

  async stats(recipientId?: string): Promise<readonly QueueStats[]> {
    return (await this.#open().call<readonly StatsRow[]>('stats', { recipientId })).map(statsOf);
  }

  async listDropped({ recipientId, limit }: DroppedQuery): Promise<readonly DroppedDelivery[]> {
    return (await this.#open().call<readonly DroppedRow[]>('list_dropped', { recipientId, limit })).map(droppedOf);
  }

  listen(listener: StorageListener): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  #open(): PostgresDatabase {
    if (this.#database === null) throw new OutboundEventsError('ERR_STORAGE_CLOSED', 'the storage is not open');
    return this.#database;
  }
}

function refOf({ recipientId, fence }: LeaseRef): LeaseRef {
  return { recipientId, fence };
}
