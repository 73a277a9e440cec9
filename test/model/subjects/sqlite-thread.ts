import type { Worker } from 'node:worker_threads';
import type { QueueStorage, StorageLimits } from '../../../src/core/storage.ts';
import { SqliteStorage } from '../../../src/sqlite.ts';
import { letGoOn, type ModelSubject, outcomeOf } from '../model-subject.ts';
import { SqliteFiles } from './sqlite-files.ts';

/** A `SqliteStorage`, whose thread can die amid a call. */
export async function sqliteThreadSubject(): Promise<ModelSubject> {
  const files = await SqliteFiles.make();
  const make = async () => new ThreadedStorage({ file: await files.next() });
  return {
    storage: await make(),
    reopen: make,
    dispose: () => files.remove(),
    losesLeasesAtInterrupt: true,
    async crash(storage) {
      await files.crash();
      await storage.close();
    },
    async interrupt<Answer>(storage: QueueStorage, moment: number, call: () => Promise<Answer>) {
      const outcome = outcomeOf(call());
      await letGoOn(moment);
      if (storage instanceof ThreadedStorage) await storage.killThread();
      return outcome;
    },
  };
}

/** A storage whose thread can be got at. */
class ThreadedStorage extends SqliteStorage {
  #thread: Worker | undefined;

  override async open(limits: StorageLimits): Promise<readonly string[]> {
    const started = this.#startsThread();
    const warnings = await super.open(limits);
    await started;
    return warnings;
  }

  /** Ends its thread; the next one is started here, and so known. */
  async killThread(): Promise<void> {
    await this.#thread?.terminate();
    const started = this.#startsThread();
    await super.listRecipients();
    await started;
  }

  async #startsThread(): Promise<void> {
    const started = Promise.withResolvers<Worker>();
    process.once('worker', started.resolve);
    this.#thread = await started.promise;
  }
}
