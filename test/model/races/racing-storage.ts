import { OutboundEventsError } from '../../../src/core/errors.ts';
import type { LeaseTimes, QueueStorage, StorageListener, StorageNews } from '../../../src/core/storage.ts';
import type { MemoryStorage } from '../../../src/memory/memory-storage.ts';
import type { Ledger } from './ledger.ts';
import type { Scheduler } from './scheduler.ts';

/** What the storages of all processes have in common. */
export interface RacingContents {
  readonly memory: MemoryStorage;
  readonly scheduler: Scheduler;
  readonly ledger: Ledger;
  readonly time: () => number;
  readonly listeners: Map<number, Set<StorageListener>>;
}

/**
 * A storage of one process whose calls begin, and are answered, when the scheduler says so: in any order, but that
 * appends are carried out in the order they were made, and changes of recipients too. The same for news of the others.
 */
export class RacingStorage implements QueueStorage {
  readonly #contents: RacingContents;
  readonly #process: number;
  readonly #underWay = new Set<Promise<unknown>>();
  #lastAppend: Promise<unknown> = Promise.resolve();
  #lastChange: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(contents: RacingContents, process: number) {
    this.#contents = contents;
    this.#process = process;
    contents.listeners.set(process, new Set());
  }

  open = async (): Promise<readonly string[]> => [];

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.allSettled(this.#underWay);
  }

  time = async (): Promise<number> => this.#contents.time();

  listen(listener: StorageListener): () => void {
    const own = this.#contents.listeners.get(this.#process);
    own?.add(listener);
    return () => own?.delete(listener);
  }

  listRecipients = () => this.#call(() => this.#contents.memory.listRecipients());
  stats = (recipientId?: string) => this.#call(() => this.#contents.memory.stats(recipientId));
  read = (...given: Parameters<QueueStorage['read']>) => this.#call(() => this.#contents.memory.read(...given));
  announce = (holder: string, times: LeaseTimes) =>
    this.#call(() => this.#contents.memory.announce(holder, this.#fromNow(times)));
  listDropped = (...given: Parameters<QueueStorage['listDropped']>) =>
    this.#call(() => this.#contents.memory.listDropped(...given));

  append: QueueStorage['append'] = (entries, options) => {
    const { memory, ledger } = this.#contents;
    const copies = structuredClone(entries);
    const before = this.#lastAppend;
    const appended = this.#call(async () => {
      const results = await memory.append(copies, options);
      ledger.appended(copies, results);
      const ids = results.flatMap((result) => (result.status === 'stored' ? result.recipientIds : []));
      this.#tellOthers([...new Set(ids)], 'queue');
      return results;
    }, before);
    this.#lastAppend = Promise.allSettled([appended]);
    return appended;
  };

  saveRecipient: QueueStorage['saveRecipient'] = (record, replaced) => {
    const { memory, ledger } = this.#contents;
    return this.#change(async () => {
      const saved = await memory.saveRecipient(record, replaced);
      if (saved) ledger.saved(record.id);
      if (saved) this.#tellOthers([record.id], 'recipient');
      return saved;
    });
  };

  removeRecipient: QueueStorage['removeRecipient'] = (id) => {
    const { memory, ledger } = this.#contents;
    return this.#change(async () => {
      const removed = await memory.removeRecipient(id);
      if (removed) ledger.removed(id);
      if (removed) this.#tellOthers([id], 'recipient');
      return removed;
    });
  };

  claim: QueueStorage['claim'] = (given) => {
    const { memory, ledger } = this.#contents;
    const copy = structuredClone(given);
    return this.#call(async () => {
      const request = { ...copy, ...this.#fromNow(copy) };
      const leases = await memory.claim(request);
      ledger.claimed(this.#process, request, leases);
      return leases;
    });
  };

  renew: QueueStorage['renew'] = (given, asked) => {
    const { memory, ledger } = this.#contents;
    const leases = structuredClone(given);
    return this.#call(async () => {
      const times = this.#fromNow(asked);
      ledger.renewed(leases, times);
      return memory.renew(leases, times);
    });
  };

  release: QueueStorage['release'] = (given) => {
    const { memory, ledger } = this.#contents;
    const leases = structuredClone(given);
    return this.#call(async () => {
      await memory.release(leases);
      ledger.released(leases);
      this.#tellOthers(
        leases.map(({ recipientId }) => recipientId),
        'lease',
      );
    });
  };

  settle: QueueStorage['settle'] = (given) => {
    const { memory, ledger } = this.#contents;
    const settlements = structuredClone(given);
    return this.#call(async () => {
      for (const settlement of settlements) ledger.settles(settlement);
      return memory.settle(settlements);
    });
  };

  /** Leases run by the clock that all share, from when they are given. */
  #fromNow({ now, expiresAt }: LeaseTimes): LeaseTimes {
    const time = this.#contents.time();
    return { now: time, expiresAt: time + expiresAt - now };
  }

  #change<Answer>(carryOut: () => Promise<Answer>): Promise<Answer> {
    const changed = this.#call(carryOut, this.#lastChange);
    this.#lastChange = Promise.allSettled([changed]);
    return changed;
  }

  #call<Answer>(carryOut: () => Promise<Answer>, before: Promise<unknown> = Promise.resolve()): Promise<Answer> {
    const { scheduler } = this.#contents;
    const call = async (): Promise<Answer> => {
      if (this.#isClosed) throw new OutboundEventsError('ERR_STORAGE_CLOSED', 'the storage is not open');
      await before;
      await scheduler.turn(this.#process);
      const answer = await carryOut();
      await scheduler.turn(this.#process);
      return answer;
    };
    const calling = call();
    this.#underWay.add(calling);
    const done = () => this.#underWay.delete(calling);
    calling.then(done, done);
    return calling;
  }

  #tellOthers(recipientIds: readonly string[], news: StorageNews): void {
    const { listeners, scheduler } = this.#contents;
    if (recipientIds.length === 0) return;
    for (const [process, told] of listeners) {
      if (process === this.#process) continue;
      void scheduler.turn(process).then(() => {
        for (const tell of told) tell(recipientIds, news);
      });
    }
  }
}
