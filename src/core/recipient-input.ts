import type { EventCatalog, EventTypeFor } from './catalog.ts';
import type { Duration } from './duration.ts';
import type { EventPattern } from './pattern.ts';
import type { EmailTemplate } from './recipient.ts';

/** What both kinds of recipient have, as a host gives it. */
interface RecipientBaseInput {
  /** Default: made from the name. Adding a recipient with the id of another replaces that one's settings; its queue stays. */
  readonly id?: string | undefined;
  /** Friendly name, unique. */
  readonly name: string;
  /** Default: `true`. Nothing is sent to a disabled recipient; what waits for it stays and goes on when it is enabled. */
  readonly enabled?: boolean | undefined;
  /** What happens to events that are emitted meanwhile: `skip` does not queue them, `queue` does. Default: `skip`. */
  readonly whileDisabled?: 'skip' | 'queue' | undefined;
  /** The people to tell when it keeps failing. Default: nobody. Needs `smtp`. */
  readonly alerts?: AlertsInput | null | undefined;
}

/** When to try again, and for how long. */
export interface RetryInput {
  /** From the end of a failed attempt to the next. Default: HTTP `'1m'`, email `'5m'`. */
  readonly interval?: Duration | undefined;
  /** Age past which a delivery is dropped after a failed attempt. At least the interval. Default: `'3d'`. */
  readonly duration?: Duration | undefined;
}

/** Whom to tell, and when, while the recipient keeps failing. */
export interface AlertsInput {
  /** 1 to 10 addresses: a list, or text with commas. */
  readonly to: string | readonly string[];
  /** How long it must have been failing before the first mail. Default: `'15m'`. */
  readonly after?: Duration | undefined;
  /** How often to send another while it stays failing. Default: `'4h'`. */
  readonly resendEvery?: Duration | undefined;
  /** Whether to send a mail when it has recovered, if an alert was sent. Default: `false`. */
  readonly recovered?: boolean | undefined;
}

/** Settings for `addHttpRecipient`. */
export interface HttpRecipientInput<Catalog extends EventCatalog = EventCatalog> extends RecipientBaseInput {
  /** Absolute http or https URL; the query string goes out byte for byte. */
  readonly url: string;
  /** Event types, patterns such as `'support_conference_member_*'`, or `'*'`. */
  readonly events: EventPattern<EventTypeFor<Catalog, 'http'>> | readonly EventPattern<EventTypeFor<Catalog, 'http'>>[];
  /** Default: `form` (`application/x-www-form-urlencoded`). */
  readonly format?: 'form' | 'json' | undefined;
  /** PEM text of the certificate authorities to trust for this recipient instead of the public ones. */
  readonly ca?: string | readonly string[] | null | undefined;
  /** Headers to send besides our own. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** For a whole attempt. Default: `'30s'`. */
  readonly timeout?: Duration | undefined;
  /** HTTP statuses that count as delivered: a list, or `'2xx'`. Default: `[200]`, as in the seed. */
  readonly success?: readonly number[] | '2xx' | undefined;
  readonly retry?: RetryInput | undefined;
}

/** Settings for `addEmailRecipient`. */
export interface EmailRecipientInput<Catalog extends EventCatalog = EventCatalog> extends RecipientBaseInput {
  /** 1 to 10 addresses: a list, or text with commas. */
  readonly to: string | readonly string[];
  /** By event type: `true` for the default texts, or the mail's own. */
  readonly events: { readonly [Type in EventTypeFor<Catalog, 'email'>]?: EmailTemplate | true | undefined };
  readonly retry?: RetryInput | undefined;
}

type Changes<Input> = { readonly [Key in keyof Omit<Input, 'id'>]?: Input[Key] | undefined };

/** Settings to change with `updateRecipient`; what is left out stays. Within `retry` and `alerts` too. */
export type RecipientChanges<Catalog extends EventCatalog = EventCatalog> =
  | (Omit<Changes<HttpRecipientInput<Catalog>>, 'alerts'> & {
      readonly alerts?: Partial<AlertsInput> | null | undefined;
    })
  | (Omit<Changes<EmailRecipientInput<Catalog>>, 'alerts'> & {
      readonly alerts?: Partial<AlertsInput> | null | undefined;
    });
