import { OutboundEventsError } from '../../src/core/errors.ts';
import type {
  LeaseRef,
  LeaseTimes,
  QueueStorage,
  Settlement,
  StorageListener,
  StorageNews,
} from '../../src/core/storage.ts';
import { MemoryStorage } from '../../src/memory/memory-storage.ts';
import type { SeededRandom } from '../reliability/seeded-random.ts';
import { methodsOf } from '../testing/broken-storages/broken-storage.ts';
import type { SimulatedProcess } from './simulated-process.ts';
import type { VirtualTime } from './virtual-time.ts';

/** Chances of 100, each for one call. */
export interface StorageFaults {
  /** Refused, and nothing has happened. */
  readonly refused: number;
  /** It happens, and the answer is lost. */
  readonly answerLost: number;
  /** It takes seconds. */
  readonly slow: number;
}

const noFaults: StorageFaults = { refused: 0, answerLost: 0, slow: 0 };

/** What replaces methods of what is stored, to see that it is found out. */
export type StorageBug = (sound: QueueStorage) => Partial<QueueStorage>;

interface Written {
  readonly perform: () => Promise<void>;
  /** The server goes down first. */
  readonly lose: () => void;
}

/**
 * A database server that several processes share. What they ask for is written first, and has happened once it is flushed,
 * together with what else was written; a crash leaves some of it, from the beginning, and nobody is told how much.
 */
export class SimulatedStorage {
  /** What has happened. */
  readonly content = new MemoryStorage();
  /** When each drop was recorded, by recipient and sequence number. */
  readonly dropTimes = new Map<string, number>();
  readonly #asked: QueueStorage;
  readonly #time: VirtualTime;
  readonly #random: SeededRandom;
  readonly #faults: StorageFaults;
  readonly #isCalm: () => boolean;
  #written: Written[] = [];
  #isFlushing = false;
  #isDown = false;
  /** Who took the lease of a recipient last, and has not given it back. */
  readonly #holders = new Map<string, { readonly process: SimulatedProcess; readonly fence: number }>();
  readonly #dispossessed: (process: SimulatedProcess) => void;
  readonly #gaveBack: (process: SimulatedProcess) => void;
  readonly #listeners = new Map<SimulatedProcess, Set<StorageListener>>();

  constructor(context: {
    readonly time: VirtualTime;
    readonly random: SeededRandom;
    readonly faults: StorageFaults;
    /** From when on nothing goes wrong. */
    readonly isCalm: () => boolean;
    /** A process has lost a lease, which had run out, to another. */
    readonly dispossessed: (process: SimulatedProcess) => void;
    /** A process has given leases back. */
    readonly gaveBack: (process: SimulatedProcess) => void;
    readonly bug?: StorageBug | undefined;
  }) {
    this.#time = context.time;
    this.#random = context.random;
    this.#faults = context.faults;
    this.#isCalm = context.isCalm;
    this.#dispossessed = context.dispossessed;
    this.#gaveBack = context.gaveBack;
    const methods = methodsOf(this.content);
    this.#asked = { ...methods, ...context.bug?.(methods) };
  }

  /** It goes down, and is there again after a while. */
  crash(downMs: number): void {
    const kept = this.#random.between(0, this.#written.length);
    const written = this.#written;
    this.#written = [];
    this.#isDown = true;
    for (const { lose } of written) lose();
    void performInOrder(written.slice(0, kept));
    this.#time.after(downMs, () => {
      this.#isDown = false;
    });
  }

  /** As a process sees it. */
  connect(process: SimulatedProcess): QueueStorage {
    const asked = this.#asked;
    const call = <T>(perform: () => Promise<T>, told?: (result: T) => void): Promise<T> =>
      this.#call(process, perform, told);
    const tell = (ids: readonly string[], news: StorageNews): void => this.#tell(process, ids, news);
    // Leases run by the clock of the server.
    const timed = <Times extends LeaseTimes>(times: Times): Times => {
      return { ...times, now: this.#time.now, expiresAt: this.#time.now + times.expiresAt - times.now };
    };
    return {
      open: (limits) => call(() => asked.open(limits)),
      close: async () => {
        this.#listeners.delete(process);
      },
      time: () => call(async () => this.#time.now),
      listRecipients: () => call(() => asked.listRecipients()),
      saveRecipient: (record, replaced) =>
        call(
          () => asked.saveRecipient(record, replaced),
          () => tell([record.id], 'recipient'),
        ),
      removeRecipient: (id) =>
        call(
          () => asked.removeRecipient(id),
          () => tell([id], 'recipient'),
        ),
      append: (entries, { forgetBefore }) =>
        call(
          () => asked.append(entries, { forgetBefore }),
          () =>
            tell(
              entries.flatMap(({ recipientIds }) => recipientIds),
              'queue',
            ),
        ),
      announce: (holder, times) => call(() => asked.announce(holder, timed(times))),
      claim: (request) =>
        call(
          () => asked.claim(timed(request)),
          (leases) => this.#taken(process, leases),
        ),
      renew: (leases, times) => call(() => asked.renew(leases, timed(times))),
      release: (leases) =>
        call(
          () => asked.release(leases),
          () => {
            const ids = leases.map(({ recipientId }) => recipientId);
            for (const { recipientId, fence } of leases) {
              if (this.#holders.get(recipientId)?.fence === fence) this.#holders.delete(recipientId);
            }
            this.#gaveBack(process);
            tell(ids, 'lease');
          },
        ),
      read: (lease, limit, maxBytes) => call(() => asked.read(lease, limit, maxBytes)),
      settle: (settlements) =>
        call(
          () => asked.settle(settlements),
          (done) => this.#noteDrops(settlements.filter((_, index) => done[index])),
        ),
      stats: (recipientId) => call(() => asked.stats(recipientId)),
      listDropped: (query) => call(() => asked.listDropped(query)),
      listen: (listener) => {
        const listeners = this.#listeners.get(process) ?? new Set();
        this.#listeners.set(process, listeners.add(listener));
        return () => listeners.delete(listener);
      },
    };
  }

  isHeldBy(process: SimulatedProcess, recipientId: string): boolean {
    return this.#holders.get(recipientId)?.process === process;
  }

  #taken(process: SimulatedProcess, leases: readonly LeaseRef[]): void {
    for (const { recipientId, fence } of leases) {
      const before = this.#holders.get(recipientId)?.process;
      if (before !== undefined && before !== process) this.#dispossessed(before);
      this.#holders.set(recipientId, { process, fence });
    }
  }

  #noteDrops(settlements: readonly Settlement[]): void {
    for (const { recipientId, sequence } of settlements.flatMap(({ dropped }) => dropped)) {
      const drop = `${recipientId} ${sequence}`;
      if (!this.dropTimes.has(drop)) this.dropTimes.set(drop, this.#time.now);
    }
  }

  #call<T>(process: SimulatedProcess, perform: () => Promise<T>, told?: (result: T) => void): Promise<T> {
    const answer = Promise.withResolvers<T>();
    const back = (settle: () => void): void => {
      this.#time.after(this.#random.between(0, 5), () => process.reach(settle));
    };
    const fail = (code: 'ERR_STORAGE_UNAVAILABLE' | 'ERR_OUTCOME_UNKNOWN'): void =>
      back(() => answer.reject(new OutboundEventsError(code, 'simulated')));
    const { refused, answerLost, slow } = this.#isCalm() ? noFaults : this.#faults;
    const isRefused = this.#random.percent(refused);
    const isAnswerLost = this.#random.percent(answerLost);
    const wayMs = this.#random.percent(slow) ? this.#random.between(1_000, 20_000) : this.#random.between(0, 5);
    const ask = (): void => {
      if (isRefused || this.#isDown) {
        fail('ERR_STORAGE_UNAVAILABLE');
        return;
      }
      this.#written.push({
        perform: async () => {
          try {
            const result = await perform();
            told?.(result);
            if (isAnswerLost) fail('ERR_OUTCOME_UNKNOWN');
            else back(() => answer.resolve(result));
          } catch (error) {
            back(() => answer.reject(error));
          }
        },
        lose: () => fail('ERR_OUTCOME_UNKNOWN'),
      });
      this.#flush();
    };
    process.reach(() => this.#time.after(wayMs, ask));
    return answer.promise;
  }

  #flush(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    this.#time.after(this.#random.between(1, 10), () => {
      this.#isFlushing = false;
      const written = this.#written;
      this.#written = [];
      void performInOrder(written);
    });
  }

  #tell(from: SimulatedProcess, recipientIds: readonly string[], news: StorageNews): void {
    for (const [process, listeners] of this.#listeners) {
      if (process === from) continue;
      this.#time.after(this.#random.between(0, 500), () => {
        process.reach(() => {
          for (const listener of listeners) listener(recipientIds, news);
        });
      });
    }
  }
}

/** One is done before the next begins. */
async function performInOrder(written: readonly Written[]): Promise<void> {
  for (const { perform } of written) await perform();
}
