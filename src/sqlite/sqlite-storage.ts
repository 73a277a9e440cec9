import { checkObject } from '../core/check.ts';
import { OutboundEventsError } from '../core/errors.ts';
import type { QueuedDelivery } from '../core/event.ts';
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
import { checkPath } from './database-file.ts';
import type { Operation, Result } from './protocol.ts';
import { storageError } from './storage-error.ts';
import { StorageWorker } from './storage-worker.ts';

export interface SqliteStorageOptions {
  /** Path of the file; it is made if there is none, its directory is not. */
  readonly file: string;
}

/**
 * Keeps everything in one SQLite file, which any SQLite tool can read. What a call resolved for is on the disk: it
 * survives a crash and a power cut.
 *
 * The file is read and written in a thread of its own, so that the host never waits for a disk. It belongs to one
 * storage at a time: a second one, in whatever process, is refused with `ERR_STORAGE_LOCKED`. Files of the same name
 * with `-wal`, `-shm`, `-lock` and `-ballast` behind it belong to it; the last holds back some space for recording
 * deliveries on a full disk.
 */
export class SqliteStorage implements QueueStorage {
  readonly #path: string;
  /** `null` while it is closed. */
  #worker: StorageWorker | null = null;
  /** Opening and closing do not overlap. */
  #turn: Promise<unknown> = Promise.resolve();

  /** Throws at once when an option is wrong; the file is not looked at before {@link open}. */
  constructor(options: SqliteStorageOptions) {
    const { file } = checkObject(options, 'SqliteStorage options', ['file']);
    this.#path = checkPath(file, 'file');
  }

  open(limits: StorageLimits): Promise<readonly string[]> {
    return this.#inTurn(async () => {
      if (this.#worker !== null && !this.#worker.hasEnded) {
        throw new OutboundEventsError('ERR_STORAGE_FAILED', `the storage in ${this.#path} is open already`);
      }
      this.#worker = await this.#startWorker(limits);
      return this.#worker.opened;
    });
  }

  /** Resolves once the thread has the file. */
  async #startWorker(limits: StorageLimits): Promise<StorageWorker> {
    const worker = this.#newWorker(limits);
    try {
      await worker.opened;
      return worker;
    } catch (error) {
      await worker.ended;
      throw error;
    }
  }

  #newWorker(limits: StorageLimits): StorageWorker {
    try {
      return new StorageWorker(this.#path, limits);
    } catch (error) {
      // Node can be told to allow no threads.
      throw storageError(error, this.#path);
    }
  }

  close(): Promise<void> {
    // From now on calls are refused, and if it is just being opened, from then on.
    const worker = this.#worker;
    this.#worker = null;
    return this.#inTurn(async () => {
      const open = worker ?? this.#worker;
      this.#worker = null;
      await open?.close();
    });
  }

  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(step);
    this.#turn = Promise.allSettled([turn]);
    return turn;
  }

  async time(): Promise<null> {
    this.#assertOpen();
    return null;
  }

  async listRecipients(): Promise<readonly RecipientRecord[]> {
    return this.#call('listRecipients');
  }

  async saveRecipient(record: RecipientRecord, replaced?: string): Promise<boolean> {
    return this.#call('saveRecipient', record, replaced);
  }

  async removeRecipient(id: string): Promise<boolean> {
    return this.#call('removeRecipient', id);
  }

  async append(entries: readonly NewEntry[], options: AppendOptions<never>): Promise<readonly AppendResult[]> {
    if (options.transaction !== undefined) {
      throw new OutboundEventsError(
        'ERR_TRANSACTION_UNSUPPORTED',
        'events in a file of their own cannot join a transaction; use a storage in the database of that transaction',
      );
    }
    return this.#call('append', entries, options);
  }

  async announce(holder: string, times: LeaseTimes): Promise<Presence> {
    return this.#call('announce', holder, times);
  }

  async claim(request: ClaimRequest): Promise<readonly Lease[]> {
    return this.#call('claim', request);
  }

  async renew(leases: readonly LeaseRef[], times: LeaseTimes): Promise<readonly string[]> {
    return this.#call('renew', leases, times);
  }

  async release(leases: readonly LeaseRef[]): Promise<void> {
    return this.#call('release', leases);
  }

  async read(lease: LeaseRef, limit: number, maxBytes: number): Promise<readonly QueuedDelivery[]> {
    return this.#call('read', lease, limit, maxBytes);
  }

  async settle(settlements: readonly Settlement[]): Promise<readonly boolean[]> {
    return this.#call('settle', settlements);
  }

  async stats(recipientId?: string): Promise<readonly QueueStats[]> {
    return this.#call('stats', recipientId);
  }

  async listDropped(query: DroppedQuery): Promise<readonly DroppedDelivery[]> {
    return this.#call('listDropped', query);
  }

  /** Nobody else may write to the file, so there is never anything to tell. */
  listen(_listener: StorageListener): () => void {
    return () => {};
  }

  async #call<O extends Operation>(operation: O, ...args: Parameters<QueueStorage[O]>): Promise<Result<O>> {
    const open = this.#assertOpen();
    if (!open.hasEnded) return open.call(operation, ...args);
    const worker = await this.#replaced(open);
    const failure = open.takeFailure();
    if (failure !== null) throw failure;
    return worker.call(operation, ...args);
  }

  #assertOpen(): StorageWorker {
    if (this.#worker === null) throw new OutboundEventsError('ERR_STORAGE_CLOSED', 'the storage is not open');
    return this.#worker;
  }

  /** A thread for one that has died (it ran out of memory, say, or the disk failed). The file has everything but the leases, which died with it. */
  #replaced(dead: StorageWorker): Promise<StorageWorker> {
    return this.#inTurn(async () => {
      if (this.#worker !== dead) return this.#worker ?? dead;
      await dead.ended;
      this.#worker = await this.#startWorker(dead.limits);
      return this.#worker;
    });
  }
}
