import { nextTick } from 'node:process';
import { OutboundEventsError } from '../../../src/core/errors.ts';
import type { QueueStorage, StorageLimits } from '../../../src/core/storage.ts';
import { BatchRunner } from '../../../src/sqlite/batch-runner.ts';
import type { Call, Operation, Outcome, Result } from '../../../src/sqlite/protocol.ts';
import { openStorageFile, type StorageFile } from '../../../src/sqlite/storage-file.ts';
import { type ModelSubject, outcomeOf } from '../model-subject.ts';
import { SqliteFiles } from './sqlite-files.ts';

/** More than there ever are. */
const noLimit = 1_000_000_000;

/** What the thread of a `SqliteStorage` does, done in this one: many more runs are made in a second. The disk can be full. */
export async function sqliteHereSubject(): Promise<ModelSubject> {
  const files = await SqliteFiles.make();
  const make = async () => new StorageHere(await files.next());
  return {
    storage: await make(),
    reopen: make,
    dispose: () => files.remove(),
    async crash(storage) {
      await files.crash();
      await storage.close();
    },
    async interrupt<Answer>(storage: QueueStorage, pages: number, call: () => Promise<Answer>) {
      if (!(storage instanceof StorageHere)) return { answer: await call() };
      storage.leaveRoomFor(pages);
      const outcome = await outcomeOf(call());
      storage.leaveRoomFor(noLimit);
      return outcome;
    },
  };
}

class StorageHere implements QueueStorage {
  readonly #path: string;
  #open: { readonly file: StorageFile; readonly runner: BatchRunner } | null = null;
  #waiting: { readonly call: Call; readonly answer: (outcome: Outcome) => void }[] = [];

  constructor(path: string) {
    this.#path = path;
  }

  async open(limits: StorageLimits): Promise<readonly string[]> {
    const file = openStorageFile(this.#path);
    this.#open = { file, runner: new BatchRunner(file, limits) };
    return file.warnings;
  }

  async close(): Promise<void> {
    this.#open?.file.close();
    this.#open = null;
  }

  /** From now on the file may grow by so many pages; then the disk is full. */
  leaveRoomFor(room: number): void {
    if (this.#open === null) throw new Error('the storage is not open');
    const { database, pages } = this.#open.file;
    const count = (pages.bytesInUse() + pages.bytesUnused()) / 4096;
    database.exec(`PRAGMA max_page_count = ${Math.min(noLimit, count + room)}`);
  }

  time = async (): Promise<null> => null;
  listen = () => () => {};
  listRecipients = () => this.#call('listRecipients');
  saveRecipient = (...args: Parameters<QueueStorage['saveRecipient']>) => this.#call('saveRecipient', ...args);
  removeRecipient = (...args: Parameters<QueueStorage['removeRecipient']>) => this.#call('removeRecipient', ...args);
  append = (...args: Parameters<QueueStorage['append']>) => this.#call('append', ...args);
  announce = (...args: Parameters<QueueStorage['announce']>) => this.#call('announce', ...args);
  claim = (...args: Parameters<QueueStorage['claim']>) => this.#call('claim', ...args);
  renew = (...args: Parameters<QueueStorage['renew']>) => this.#call('renew', ...args);
  release = (...args: Parameters<QueueStorage['release']>) => this.#call('release', ...args);
  read = (...args: Parameters<QueueStorage['read']>) => this.#call('read', ...args);
  settle = (...args: Parameters<QueueStorage['settle']>) => this.#call('settle', ...args);
  stats = (...args: Parameters<QueueStorage['stats']>) => this.#call('stats', ...args);
  listDropped = (...args: Parameters<QueueStorage['listDropped']>) => this.#call('listDropped', ...args);

  async #call<O extends Operation>(operation: O, ...args: Parameters<QueueStorage[O]>): Promise<Result<O>> {
    const answered = Promise.withResolvers<Outcome>();
    const call = { operation, args: structuredClone(args) } as Call;
    this.#waiting.push({ call, answer: answered.resolve });
    if (this.#waiting.length === 1) nextTick(() => this.#runBatch());
    const outcome = await answered.promise;
    if ('error' in outcome) throw new OutboundEventsError(outcome.error.code, outcome.error.message);
    return outcome.value as Result<O>;
  }

  /** Calls that were made together share a transaction. Both ways it is copies that go, as between threads. */
  #runBatch(): void {
    const batch = this.#waiting;
    this.#waiting = [];
    const reply = this.#open?.runner.run(batch.map(({ call }) => call)) ?? [];
    for (const [index, outcome] of structuredClone(reply).entries()) batch[index]?.answer(outcome);
  }
}
