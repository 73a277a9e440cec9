import type { AlertMail, DroppedDelivery, HttpRecipientInput } from '../../src/index.ts';
import type { KillPoint } from './kill-points.ts';
import type { catalog, LoadEvent } from './load.ts';
import type { HostStorage } from './open-storage.ts';
import type { PlantedBug } from './planted-bugs.ts';

/** What the parent process tells a host to do. */
export type Order =
  | {
      readonly kind: 'start';
      readonly storage: HostStorage;
      readonly recipients: readonly HttpRecipientInput<typeof catalog>[];
      /** Of the storage; `null` for the storage as it is. */
      readonly bug: PlantedBug | null;
      /** Where it kills itself. */
      readonly dies?: KillPoint | undefined;
      readonly leaseDuration?: number | undefined;
      /** Put on its requests. */
      readonly mark?: string;
    }
  /** In this order, without waiting for one before the next. */
  | { readonly kind: 'emit'; readonly events: readonly LoadEvent[] }
  /** To deliver all that waits, and to stop. */
  | { readonly kind: 'finish' };

/** What a host tells the parent process. */
export type Report =
  /** About to open the storage. */
  | { readonly kind: 'starting' }
  | { readonly kind: 'started' }
  /** `emit` resolved. */
  | { readonly kind: 'acknowledged'; readonly id: string }
  /** What became of an attempt is recorded. */
  | { readonly kind: 'recorded'; readonly recipientId: string; readonly eventId: string; readonly attempt: number }
  /** The relay took an alert. */
  | { readonly kind: 'alert'; readonly mail: AlertMail }
  /** Something has gone wrong that never should. */
  | { readonly kind: 'trouble'; readonly what: string }
  | { readonly kind: 'finished'; readonly dropped: readonly DroppedDelivery[] };
