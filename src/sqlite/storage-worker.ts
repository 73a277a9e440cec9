import { setImmediate } from 'node:timers';
import { Worker } from 'node:worker_threads';
import { OutboundEventsError } from '../core/errors.ts';
import type { QueueStorage, StorageLimits } from '../core/storage.ts';
import {
  type Call,
  type Operation,
  type Outcome,
  type Reply,
  type Request,
  type Result,
  type WorkerData,
  writes,
} from './protocol.ts';

/** In the built package the worker is a file of its own beside this one. */
const workerUrl = new URL(import.meta.url.endsWith('.ts') ? './worker.ts' : './sqlite-worker.js', import.meta.url);

/** What shares a transaction at most: the host is held up while it is copied, others wait for it, and SQLite's log grows by it. */
const largestBatch = { calls: 256, bytes: 1024 * 1024 };

/** Someone waits for what becomes of a call; or of opening the file, which is answered in the same way. */
interface Pending {
  readonly call: Call | 'open';
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: OutboundEventsError) => void;
}

/**
 * The worker thread that owns a file, as the host's thread sees it. It has one batch of calls at a time; those that come
 * meanwhile make up the next one, and so share a flush to the disk. It keeps the process alive only while it has one.
 */
export class StorageWorker {
  /** Settles when the file is open, with warnings, or cannot be opened; then the thread ends by itself. */
  readonly opened: Promise<readonly string[]>;
  /** Resolves when the thread has ended, for whatever reason. */
  readonly ended: Promise<void>;

  /** What it was given to open the file with. */
  readonly limits: StorageLimits;

  readonly #path: string;
  readonly #worker: Worker;
  #waiting: Pending[] = [];
  #underWay: readonly Pending[] = [];
  #state: 'running' | 'closing' | 'ended' = 'running';
  #sendsSoon = false;
  #reason = 'no reason given';
  /** Whether it failed while there was no call to fail for it. */
  #isUntold = false;

  constructor(path: string, limits: StorageLimits) {
    this.#path = path;
    this.limits = limits;
    const workerData: WorkerData = { path, limits };
    this.#worker = new Worker(workerUrl, {
      name: 'outbound-events storage',
      workerData,
      // None of the host's options. Ours keeps Node's notice that its SQLite is new out of the host's log.
      execArgv: ['--disable-warning=ExperimentalWarning'],
    });
    this.opened = new Promise((resolve, reject) => {
      this.#underWay = [{ call: 'open', resolve: resolve as Pending['resolve'], reject }];
    });
    this.ended = new Promise((resolve) => {
      this.#worker.once('exit', () => resolve(this.#end()));
    });
    this.#worker.on('message', (reply: Reply) => this.#answer(reply));
    this.#worker.on('error', (error: NodeJS.ErrnoException) => {
      this.#reason = error.code ?? error.name;
      this.#isUntold = this.#underWay.length + this.#waiting.length === 0;
    });
  }

  /** Whether the thread has ended: it refuses every call then. */
  get hasEnded(): boolean {
    return this.#state === 'ended';
  }

  /** Why it failed, if no call has failed for it; once. */
  takeFailure(): OutboundEventsError | null {
    if (!this.#isUntold) return null;
    this.#isUntold = false;
    return this.#ended('ERR_STORAGE_FAILED');
  }

  /** Has a method of the storage carried out. */
  call<O extends Operation>(operation: O, ...args: Parameters<QueueStorage[O]>): Promise<Result<O>> {
    return new Promise((resolve, reject) => {
      const call = { operation, args: copied(args) } as Call;
      const pending: Pending = { call, resolve: resolve as Pending['resolve'], reject };
      if (this.#state === 'ended') return reject(this.#ended('ERR_STORAGE_FAILED'));
      this.#waiting.push(pending);
      this.#sendSoon();
    });
  }

  /** Has the file closed after the calls that were made, and waits until the thread has ended. */
  async close(): Promise<void> {
    if (this.#state === 'running') this.#state = 'closing';
    this.#sendSoon();
    await this.ended;
  }

  /** After all that happens in this turn of the event loop: what many answers that came together bring goes together, too. */
  #sendSoon(): void {
    if (this.#sendsSoon || this.#underWay.length > 0) return;
    this.#sendsSoon = true;
    setImmediate(() => {
      this.#sendsSoon = false;
      this.#send();
    });
  }

  #send(): void {
    if (this.#state === 'ended') return;
    if (this.#waiting.length === 0) {
      if (this.#state === 'closing') this.#post('close');
      return;
    }
    const batch = this.#takeBatch();
    this.#underWay = batch;
    this.#post(batch.map(({ call }) => call as Call));
  }

  #takeBatch(): readonly Pending[] {
    let calls = 0;
    for (let bytes = 0; calls < largestBatch.calls && bytes < largestBatch.bytes; calls += 1) {
      const next = this.#waiting[calls];
      if (next === undefined) break;
      bytes += dataBytes(next.call);
    }
    return this.#waiting.splice(0, calls);
  }

  #post(request: Request): void {
    this.#worker.ref();
    this.#worker.postMessage(request);
  }

  #answer({ outcomes, isLast }: Reply): void {
    const answered = this.#underWay;
    this.#underWay = [];
    this.#worker.unref();
    for (const [index, { call, resolve, reject }] of answered.entries()) {
      const outcome = outcomes[index] as Outcome;
      if ('value' in outcome) {
        resolve(outcome.value);
      } else {
        // The thread is about to end then, which `ended` waits for.
        if (call === 'open') this.#worker.ref();
        reject(new OutboundEventsError(outcome.error.code, outcome.error.message));
      }
    }
    if (isLast) {
      this.#worker.ref();
      this.#reason = 'the disk failed';
      this.#end();
    }
    this.#sendSoon();
  }

  #end(): void {
    const underWay = this.#underWay;
    const waiting = this.#waiting;
    this.#state = 'ended';
    this.#underWay = [];
    this.#waiting = [];
    for (const { call, reject } of underWay) {
      const mayHaveHappened = call !== 'open' && writes[call.operation];
      reject(mayHaveHappened ? this.#ended('ERR_OUTCOME_UNKNOWN') : this.#ended('ERR_STORAGE_FAILED'));
    }
    for (const { reject } of waiting) reject(this.#ended('ERR_STORAGE_FAILED'));
  }

  #ended(code: 'ERR_STORAGE_FAILED' | 'ERR_OUTCOME_UNKNOWN'): OutboundEventsError {
    const what = code === 'ERR_OUTCOME_UNKNOWN' ? '; this call may have been carried out or not' : '';
    return new OutboundEventsError(
      code,
      `the thread that works on ${this.#path} has ended (${this.#reason})${what}; the next call starts another`,
    );
  }
}

/** About the bytes of event data that go with a call. */
function dataBytes(call: Pending['call']): number {
  if (call === 'open' || call.operation !== 'append') return 0;
  return call.args[0].reduce((sum, { event }) => sum + event.data.length, 0);
}

/** As it is now: what a caller has given may change while it waits to be sent. */
function copied<T>(value: T): T {
  if (typeof value === 'function' || typeof value === 'symbol') {
    throw new OutboundEventsError('ERR_STORAGE_FAILED', `what a storage is given must be data; got a ${typeof value}`);
  }
  if (typeof value !== 'object' || value === null) return value;
  const copy: unknown = Array.isArray(value)
    ? value.map(copied)
    : Object.fromEntries(Object.entries(value).map(([name, item]) => [name, copied(item)]));
  return copy as T;
}
