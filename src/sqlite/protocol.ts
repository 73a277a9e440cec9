import type { ErrorCode } from '../core/errors.ts';
import type { QueueStorage, StorageLimits } from '../core/storage.ts';

/** The methods of a storage that the worker carries out. */
export type Operation = Exclude<keyof QueueStorage, 'open' | 'close' | 'time' | 'listen'>;

/** Whether the operation writes to the file. Leases are not in it, but the fence that a claim gives out is. */
export const writes: Readonly<Record<Call['operation'], boolean>> = {
  listRecipients: false,
  saveRecipient: true,
  removeRecipient: true,
  append: true,
  announce: false,
  claim: true,
  renew: false,
  release: false,
  read: false,
  settle: true,
  sweep: true,
  stats: false,
  listDropped: false,
};

/** What a method of a storage resolves with. */
export type Result<O extends Operation> = Awaited<ReturnType<QueueStorage[O]>>;

/** One call of one of them; or what the worker does by itself now and then. */
export type Call =
  | { [O in Operation]: { readonly operation: O; readonly args: Parameters<QueueStorage[O]> } }[Operation]
  | { readonly operation: 'sweep'; readonly args: readonly [] };

/**
 * Whether what the call wrote must be on the disk when it is answered. That deliveries have arrived need not: a power cut
 * that takes it back has them sent again, and nothing is lost. What was swept is swept again.
 */
export function mustBeFlushed({ operation, args }: Call): boolean {
  if (operation === 'sweep') return false;
  if (operation !== 'settle') return writes[operation];
  return args[0].some(({ dropped, state }) => dropped.length > 0 || state !== undefined);
}

/** What became of a call, or of opening: errors cross threads as data. */
export type Outcome = { readonly value: unknown } | { readonly error: ErrorData };

/** An `OutboundEventsError` between threads. */
export interface ErrorData {
  readonly code: ErrorCode;
  readonly message: string;
}

/** What the worker is started with. */
export interface WorkerData {
  /** Absolute path. */
  readonly path: string;
  readonly limits: StorageLimits;
}

/**
 * To the worker: calls that share a transaction, answered all at once, before the next are sent; or the request to close
 * the file and end.
 */
export type Request = readonly Call[] | 'close';

/** From the worker: first what became of opening (its value the warnings), then one outcome for each call of a request, in order. */
export interface Reply {
  readonly outcomes: readonly Outcome[];
  /** Whether the worker ends, because the file has to be opened anew. */
  readonly isLast: boolean;
}
