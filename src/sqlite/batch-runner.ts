import { OutboundEventsError } from '../core/errors.ts';
import type { StorageLimits } from '../core/storage.ts';
import { type Call, type Outcome, type Reply, writes } from './protocol.ts';
import { QueueDatabase } from './queue-database.ts';
import { diskFull, storageError } from './storage-error.ts';
import type { StorageFile } from './storage-file.ts';

/** What became of a transaction. `ofAll`: the error is not one call's, and trying them again would not help any. */
type Attempt = { readonly outcomes: Reply } | { readonly error: OutboundEventsError; readonly ofAll: boolean };

/**
 * Carries out calls that came together in one transaction, so that they share one flush to the disk. When that fails,
 * each is tried alone: one that cannot succeed then fails alone.
 */
export class BatchRunner {
  readonly #file: StorageFile;
  readonly #maxBytes: number;
  readonly #queues: QueueDatabase;

  constructor(file: StorageFile, limits: StorageLimits) {
    this.#file = file;
    this.#maxBytes = limits.maxBytes;
    this.#queues = new QueueDatabase(file.database, file.path, limits);
  }

  /** One outcome for each call, in order. */
  run(calls: readonly Call[]): Reply {
    const obstacle = calls.some(isAppend) ? this.#obstacleToAppending() : undefined;
    const attempt = this.#attempt(calls, obstacle);
    if ('outcomes' in attempt) return attempt.outcomes;
    if (attempt.ofAll) return calls.map(() => failed(attempt.error));
    return calls.map((call) => this.#runAlone(call, obstacle));
  }

  #runAlone(call: Call, obstacle: OutboundEventsError | undefined): Outcome {
    let attempt = this.#attempt([call], obstacle);
    if ('error' in attempt && attempt.error.code === 'ERR_STORAGE_FULL' && !isAppend(call)) {
      this.#makeRoom();
      attempt = this.#attempt([call], obstacle);
    }
    const [outcome] = 'outcomes' in attempt ? attempt.outcomes : [failed(attempt.error)];
    return outcome as Outcome;
  }

  /** One transaction. Calls that `obstacle` concerns fail in it without being tried. */
  #attempt(calls: readonly Call[], obstacle: OutboundEventsError | undefined): Attempt {
    try {
      this.#queues.begin(calls.some(({ operation }) => writes[operation]) ? 'IMMEDIATE' : 'DEFERRED');
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
      return { outcomes };
    } catch (thrown) {
      this.#queues.rollback();
      const error = storageError(thrown, this.#file.path);
      // After a failed flush parts of the transaction may be on the disk: nothing of it may be told to have failed for sure.
      return { error, ofAll: committing && error.code === 'ERR_STORAGE_IO' };
    }
  }

  /** Why no event can be accepted for the time being, if so. */
  #obstacleToAppending(): OutboundEventsError | undefined {
    const { ballast, log, path } = this.#file;
    if (!ballast.restore()) {
      this.#emptyLog();
      if (!ballast.restore()) return new OutboundEventsError('ERR_STORAGE_FULL', diskFull(path));
    }
    return log.obstacle(this.#maxBytes);
  }

  /** On a full disk, for what must be recorded all the same. */
  #makeRoom(): void {
    this.#file.ballast.spend();
    this.#emptyLog();
  }

  #emptyLog(): void {
    try {
      this.#file.log.empty();
    } catch {
      // Nothing has got worse, and what comes next shows whether it can be done all the same.
    }
  }
}

function perform(queues: QueueDatabase, { operation, args }: Call): unknown {
  const method = queues[operation] as (...args: readonly unknown[]) => unknown;
  return method.apply(queues, [...args]);
}

function isAppend({ operation }: Call): boolean {
  return operation === 'append';
}

function failed({ code, message }: OutboundEventsError): Outcome {
  return { error: { code, message } };
}
