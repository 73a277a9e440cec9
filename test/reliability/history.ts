/**
 * One run as it was seen from outside: what was handed to `emit` and what the receivers got. Times are epoch ms of one
 * clock that never goes back.
 */
export interface History {
  readonly recipients: readonly ObservedRecipient[];
  /** In the order of the calls; each id once, however often it was emitted again. */
  readonly emits: readonly ObservedEmit[];
  /** In the order they began. */
  readonly requests: readonly ObservedRequest[];
  /** What was reported as given up. */
  readonly drops: readonly ObservedDrop[];
  /** When each life of a process came to its end, by its number. */
  readonly ends: ReadonlyMap<number, number>;
  /** How much earlier than it should a timer may seem to fire: clocks read in two processes are not quite one. */
  readonly toleranceMs: number;
}

export interface ObservedRecipient {
  readonly id: string;
  readonly retryIntervalMs: number;
}

export interface ObservedEmit {
  readonly eventId: string;
  /** Whose calls it was among: the order is that of the calls of one emitter, whatever lives it has. */
  readonly emitter: string;
  /** Whether `emit` resolved. If not, the event may have been stored or not. */
  readonly acknowledged: boolean;
  /** SHA-256 of the body that each recipient of it is to receive, by recipient id. */
  readonly bodies: ReadonlyMap<string, string>;
}

export interface ObservedRequest {
  readonly recipientId: string;
  readonly sequence: number;
  readonly eventId: string;
  readonly attempt: number;
  /** Which life of a process sent it; a process that was killed, or stood still for long, has another one afterwards. */
  readonly life: number;
  readonly beganAt: number;
  /** SHA-256; `null` when the body did not come to its end. */
  readonly body: string | null;
  /** `null` when its connection was gone before it could be answered. */
  readonly answer: ObservedAnswer | null;
  /** Whether its process has told what became of it, which it does when that is recorded. */
  readonly isRecorded: boolean;
}

export interface ObservedAnswer {
  readonly status: number;
  readonly at: number;
}

export interface ObservedDrop {
  readonly recipientId: string;
  readonly sequence: number;
  readonly eventId: string;
  readonly at: number;
}
