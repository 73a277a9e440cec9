import { OutboundEventsError } from '../core/errors.ts';
import type { StorageLimits } from '../core/storage.ts';
import { LateFlush } from './late-flush.ts';
import { obstacleToAppending } from './obstacle-to-appending.ts';
import { withoutWaiting } from './open-database.ts';
import { type Call, mustBeFlushed, type Outcome, writes } from './protocol.ts';
import { QueueDatabase } from './queue-database.ts';
import { storageError } from './storage-error.ts';
import type { StorageFile } from './storage-file.ts';

/** What became of a transaction. `ofAll`: the error is not one call's, and trying them again would not help any. */
type Attempt =
  | { readonly outcomes: readonly Outcome[] }
  | { readonly error: OutboundEventsError; readonly ofAll: boolean };

/**
 * Carries out calls that came together in one transaction, so that they share one flush to the disk. When that fails,
 * each is tried alone: one that cannot succeed then fails alone.
 */
export class BatchRunner {
  readonly #file: StorageFile;
  readonly #maxBytes: number;
  readonly #queues: QueueDatabase;
  readonly #lateFlush: LateFlush;

  constructor(file: StorageFile, limits: StorageLimits) {
    this.#file = file;
    this.#maxBytes = limits.maxBytes;
    this.#queues = new QueueDatabase(file, limits);
    this.#lateFlush = new LateFlush(file.log, () => {
      if (this.#queues.mayBeSwept && !this.isSpent) this.#sweep();
    });
  }

  /** Does all that is left to do, and flushes what is not flushed yet. The file is the caller's to close. */
  end(): void {
    this.#lateFlush.now();
  }

  /** Whether the file has to be opened anew: what the disk has of it is not certain. */
  get isSpent(): boolean {
    return this.#file.log.isTorn;
  }

  /** One outcome for each call, in order. When they have been told, {@link tidy} is to follow. */
  run(calls: readonly Call[]): readonly Outcome[] {
    const outcomes = this.#run(calls);
    if (this.#queues.mayBeSwept) this.#lateFlush.soon();
    return outcomes;
  }

  /** Does what the answers need not wait for, if there is much of it; little of it waits for the next late flush. Throws when the disk fails. */
  tidy(): void {
    if (this.#queues.shouldBeSwept) this.#sweep();
  }

  /** What keeps it from being done now keeps it until some other time. Throws when the disk fails. */
  #sweep(): void {
    const outcome = this.#runAlone({ operation: 'sweep', args: [] }, undefined);
    if (this.isSpent && 'error' in outcome) throw new OutboundEventsError(outcome.error.code, outcome.error.message);
  }

  #run(calls: readonly Call[]): readonly Outcome[] {
    const obstacle = calls.some(isAppend) ? this.#obstacle() : undefined;
    const attempt = this.#attempt(calls, obstacle);
    if ('outcomes' in attempt) return attempt.outcomes;
    if (attempt.ofAll) return calls.map(() => failed(attempt.error));
    return calls.map((call) => this.#runAlone(call, obstacle));
  }

  #obstacle(): OutboundEventsError | undefined {
    try {
      const obstacle = obstacleToAppending(this.#file, this.#maxBytes);
      if (obstacle === undefined || !this.#queues.mayBeSwept) return obstacle;
      this.#sweep();
      return obstacleToAppending(this.#file, this.#maxBytes);
    } catch (error) {
      return storageError(error, this.#file.path);
    }
  }

  #runAlone(call: Call, obstacle: OutboundEventsError | undefined): Outcome {
    let attempt = this.#attempt([call], obstacle);
    if (isFull(attempt)) {
      this.#restartLog();
      attempt = this.#attempt([call], obstacle);
    }
    // What was accepted goes on also on a full disk, but nothing is added to it.
    if (isFull(attempt) && !isAppend(call) && this.#file.ballast.spend()) {
      this.#restartLog();
      attempt = this.#attempt([call], obstacle);
    }
    const [outcome] = 'outcomes' in attempt ? attempt.outcomes : [failed(attempt.error)];
    return outcome as Outcome;
  }

  /** Makes room in the log, which keeps its space: on a full disk others would take what it gave back. */
  #restartLog(): void {
    try {
      this.#file.log.restart();
    } catch {
      // Nothing is worse, and the attempt after it shows whether it can be done all the same.
    }
  }

  /** One transaction. Calls that `obstacle` concerns fail in it without being tried. */
  #attempt(calls: readonly Call[], obstacle: OutboundEventsError | undefined): Attempt {
    const isWriting = calls.some(({ operation }) => writes[operation]);
    const isFlushed = this.#lateFlush.isDue || calls.some(mustBeFlushed);
    try {
      if (isWriting) this.#file.log.flushCommits(isFlushed);
      const begin = (): void => this.#queues.begin(isWriting ? 'IMMEDIATE' : 'DEFERRED');
      // Calls that come meanwhile are not to wait for what nobody has asked for.
      if (calls.some(isSweep)) withoutWaiting(this.#file.database, begin);
      else begin();
    } catch (error) {
      return { error: storageError(error, this.#file.path), ofAll: true };
    }
    let committing = false;
    try {
      const outcomes = calls.map((call) =>
        obstacle !== undefined && isAppend(call) ? failed(obstacle) : { value: perform(this.#queues, call) },
      );
      committing = true;
      this.#queues.commit();
      if (isWriting) this.#lateFlush.committed(isFlushed);
      return { outcomes };
    } catch (thrown) {
      this.#queues.rollback();
      const error = storageError(thrown, this.#file.path);
      // After a failed flush all of it may be on the disk, so none of it is tried again.
      const isUncertain = committing && error.code === 'ERR_STORAGE_IO';
      if (isUncertain) this.#file.log.commitFailed();
      return { error, ofAll: isUncertain };
    }
  }
}

function perform(queues: QueueDatabase, { operation, args }: Call): unknown {
  const method = queues[operation] as (...args: readonly unknown[]) => unknown;
  return method.apply(queues, [...args]);
}

function isFull(attempt: Attempt): boolean {
  return 'error' in attempt && attempt.error.code === 'ERR_STORAGE_FULL';
}

function isSweep({ operation }: Call): boolean {
  return operation === 'sweep';
}

function isAppend({ operation }: Call): boolean {
  return operation === 'append';
}

function failed({ code, message }: OutboundEventsError): Outcome {
  return { error: { code, message } };
}
