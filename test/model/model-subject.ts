import type { QueueStorage } from '../../src/core/storage.ts';
import type { StorageUnderTest } from '../../src/testing.ts';

/** What became of a call that was interrupted. */
export type Outcome<Answer> = { readonly answer: Answer } | { readonly error: unknown };

/** A storage to be held against the model, with contents that no other run sees. */
export interface ModelSubject extends StorageUnderTest {
  /** Which limits hold exactly, and for each process those that it was opened with. Default: the number of deliveries. */
  readonly exactLimits?: 'all' | 'deliveries' | 'none';
  /** Whether the leases of a process that has ended last until they run out. */
  readonly keepsLeases?: boolean;
  /** Ends a process as a crash would, while it is at rest. `reopen` then makes the next. Without it, it is closed instead. */
  crash?(storage: QueueStorage): Promise<void>;
  /**
   * Makes a call, and has something fail amid it, sooner or later: `moment` is from 0 to 100. What comes next is answered
   * again. Without it, the call is made undisturbed.
   */
  interrupt?<Answer>(storage: QueueStorage, moment: number, call: () => Promise<Answer>): Promise<Outcome<Answer>>;
  /** Whether the leases of a process end when a call of it is interrupted. */
  readonly losesLeasesAtInterrupt?: boolean;
}

/** What became of a call. */
export function outcomeOf<Answer>(call: Promise<Answer>): Promise<Outcome<Answer>> {
  return call.then(
    (answer) => ({ answer }),
    (error: unknown) => ({ error }),
  );
}

/** Lets a call go on for a moment of up to 2 ms. */
export async function letGoOn(moment: number): Promise<void> {
  const end = performance.now() + moment / 50;
  while (performance.now() < end) await new Promise(setImmediate);
}
