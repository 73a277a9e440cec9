/** What is done to a storage, as plain data: a run that failed can be written down as it was printed. */
export interface Run {
  /** Whether what a call was given is overwritten while it is under way, and what it answered afterwards. */
  readonly scribbles: boolean;
  readonly commands: readonly Command[];
}

/**
 * Numbers stand for names (see `names.ts`); those of leases for the leases given so far, counted round. `process` is who
 * does it.
 */
export type Command =
  | WriteCommand
  | { readonly do: 'claim'; readonly process: number; readonly claim: ClaimPlan }
  | { readonly do: 'renew'; readonly process: number; readonly leases: readonly number[]; readonly lastsMs: number }
  | { readonly do: 'release'; readonly process: number; readonly leases: readonly number[] }
  | {
      readonly do: 'read';
      readonly process: number;
      readonly lease: number;
      readonly limit: number;
      readonly maxBytes: number;
    }
  | { readonly do: 'announce'; readonly process: number; readonly holder: number; readonly lastsMs: number }
  | {
      readonly do: 'listDropped';
      readonly process: number;
      readonly recipient: number | null;
      readonly limit: number;
    }
  | { readonly do: 'stats'; readonly process: number; readonly recipient: number }
  | { readonly do: 'passTime'; readonly ms: number }
  | { readonly do: 'reopen' | 'crash'; readonly process: number; readonly limits: LimitsPlan }
  | { readonly do: 'interrupt'; readonly moment: number; readonly write: WriteCommand };

/** A command that changes what outlives the process; it can be interrupted. */
export type WriteCommand =
  | {
      readonly do: 'save';
      readonly process: number;
      readonly recipient: number;
      readonly settings: number;
      /** The settings that must be there; `null` for any or none. */
      readonly replaced: number | null;
    }
  | { readonly do: 'remove'; readonly process: number; readonly recipient: number }
  | {
      readonly do: 'append';
      readonly process: number;
      readonly entries: readonly EntryPlan[];
      /** From now on; `null` to forget nothing. */
      readonly forgetBeforeMs: number | null;
      /** Whether each entry comes in a call of its own, all made at once. */
      readonly apart: boolean;
    }
  | { readonly do: 'settle'; readonly process: number; readonly settlements: readonly SettlementPlan[] };

export interface EntryPlan {
  readonly event: number;
  readonly content: number;
  /** When it was accepted, from now on. */
  readonly acceptedMs: number;
  readonly to: readonly number[];
}

export interface ClaimPlan {
  readonly holder: number;
  readonly limit: number;
  readonly lastsMs: number;
  /** `null` for any. */
  readonly of: readonly number[] | null;
  readonly evenIfHeld: boolean;
}

export interface SettlementPlan {
  readonly lease: number;
  /** So many beyond those that have left; back to them with a negative number; `null` for none. */
  readonly advance: number | null;
  /** So many of the last were dropped. */
  readonly drops: number;
  /** `null` leaves the stored one. */
  readonly state: number | null;
}

export interface LimitsPlan {
  readonly maxDeliveries: number;
  /** For storages that count them exactly. */
  readonly maxBytes: number;
}
