// A storage of your own: a journal. Each call that changes something becomes a line of a file, flushed to the disk before
// the change is made; what the lines add up to is kept in memory. To open it is to make all the changes again.
//
// It is complete, and custom-storage.test.ts proves it, but it is made to be read. Its price:
// - All is in memory, and the file only grows. For more than small backlogs somebody would have to add snapshots.
// - Each call is a flush of its own; with SqliteStorage, calls that come together share one.
// - Nothing keeps a second process away from the file; SqliteStorage locks it.

import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  type AppendOptions,
  type ClaimRequest,
  type DroppedQuery,
  type LeaseRef,
  type LeaseTimes,
  MemoryStorage,
  type NewEntry,
  OutboundEventsError,
  type QueueStorage,
  type RecipientRecord,
  type Settlement,
  type StorageLimits,
} from 'outbound-events';

/** What changes something, also when it is only a lease: each decision depends on all those before. */
type Change = 'open' | 'saveRecipient' | 'removeRecipient' | 'append' | 'claim' | 'renew' | 'release' | 'settle';

export class JournalStorage implements QueueStorage {
  readonly #path: string;
  /** The same calls in the same order always make the same contents of it: it has no clock and no chance of its own. */
  #contents = new MemoryStorage();
  /** `null` while it is closed. */
  #file: FileHandle | null = null;
  /** When all lines so far are on the disk. Once one cannot be written, none can: the journal may end in half a line. */
  #written: Promise<void> = Promise.resolve();

  constructor(path: string) {
    this.#path = path;
  }

  async open(limits: StorageLimits) {
    this.#contents = new MemoryStorage();
    this.#written = Promise.resolve();
    try {
      this.#file = await open(this.#path, 'a+');
      await flushNameOf(this.#path);
      await this.#replay(this.#file);
      await this.#change('open', limits);
      return [];
    } catch (error) {
      await this.close();
      const code = error instanceof SyntaxError ? 'ERR_STORAGE_CORRUPT' : 'ERR_STORAGE_OPEN';
      throw new OutboundEventsError(code, `the journal ${this.#path} cannot be read and written`);
    }
  }

  async close() {
    const file = this.#file;
    this.#file = null;
    await this.#written.catch(() => {});
    await file?.close();
    await this.#contents.close();
  }

  /** One process has the journal for itself, and its clock will do. */
  async time() {
    return this.#contents.time();
  }

  async saveRecipient(record: RecipientRecord, replaced?: string) {
    return this.#change('saveRecipient', record, ...(replaced === undefined ? [] : [replaced]));
  }

  async removeRecipient(id: string) {
    return this.#change('removeRecipient', id);
  }

  async append(entries: readonly NewEntry[], options: AppendOptions<never>) {
    if (options.transaction !== undefined) {
      throw new OutboundEventsError('ERR_TRANSACTION_UNSUPPORTED', 'a journal cannot join a transaction');
    }
    return this.#change('append', entries, options);
  }

  async announce(holder: string, times: LeaseTimes) {
    return this.#contents.announce(holder, times);
  }

  async claim(request: ClaimRequest) {
    return this.#change('claim', request);
  }

  async renew(leases: readonly LeaseRef[], times: LeaseTimes) {
    return this.#change('renew', leases, times);
  }

  async release(leases: readonly LeaseRef[]) {
    return this.#change('release', leases);
  }

  async settle(settlements: readonly Settlement[]) {
    return this.#change('settle', settlements);
  }

  async listRecipients() {
    return this.#contents.listRecipients();
  }

  async read(lease: LeaseRef, limit: number, maxBytes: number) {
    return this.#contents.read(lease, limit, maxBytes);
  }

  async stats(recipientId?: string) {
    return this.#contents.stats(recipientId);
  }

  async listDropped(query: DroppedQuery) {
    return this.#contents.listDropped(query);
  }

  /** Another process cannot change anything. */
  listen() {
    return () => {};
  }

  async #change<Name extends Change>(name: Name, ...args: Parameters<MemoryStorage[Name]>) {
    const file = this.#file;
    if (file === null) throw new OutboundEventsError('ERR_STORAGE_CLOSED', 'the journal is not open');
    // Put into words at once, before the caller can change what it gave.
    const line = JSON.stringify([name, ...args]);
    this.#written = this.#written.then(() => writeLine(file, line));
    await this.#written;
    return this.#make(line) as ReturnType<MemoryStorage[Name]>;
  }

  async #make(line: string): Promise<unknown> {
    const [name, ...args] = JSON.parse(line) as [Change, ...unknown[]];
    // Whoever held a lease before a process opened the journal is gone.
    if (name === 'open') await this.#contents.close();
    const contents = this.#contents as unknown as Record<Change, (...args: unknown[]) => Promise<unknown>>;
    return contents[name](...args);
  }

  async #replay(file: FileHandle): Promise<void> {
    const text = await file.readFile('utf8');
    // Half a line at the end was being written when the process died. Nobody was told that it had happened.
    const complete = text.slice(0, text.lastIndexOf('\n') + 1);
    await file.truncate(Buffer.byteLength(complete));
    for (const line of complete.split('\n').slice(0, -1)) await this.#make(line);
  }
}

async function writeLine(file: FileHandle, line: string): Promise<void> {
  try {
    await file.appendFile(`${line}\n`);
    await file.datasync();
  } catch {
    // It may have been written all the same; the code says so.
    throw new OutboundEventsError('ERR_STORAGE_IO', 'the journal cannot be written; it has to be opened anew');
  }
}

/** A new file is safe once its name is on the disk, too, and that is in its folder. */
async function flushNameOf(path: string): Promise<void> {
  const folder = await open(dirname(path));
  await folder.sync().finally(() => folder.close());
}
