import type { EventCatalog, EventTypeFor } from './catalog.ts';
import type { Duration } from './duration.ts';
import type { EventPattern } from './pattern.ts';
import type { BodyFormat, EmailTemplate, TlsVersion } from './recipient.ts';

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

/** TLS towards one recipient. There is no way to switch the verification of its certificate off. */
export interface TlsInput {
  /** PEM certificate, with its chain if any, to show to the receiver. Needs `key`. */
  readonly cert?: string | null | undefined;
  /** PEM private key of `cert`. */
  readonly key?: string | null | undefined;
  /** Of an encrypted `key`. */
  readonly passphrase?: string | null | undefined;
  /** Name to ask for and to find in the receiver's certificate. Default: the host of the URL. */
  readonly servername?: string | null | undefined;
  /** Default: `TLSv1.2`. */
  readonly minVersion?: TlsVersion | undefined;
}

/** What counts as the rejection of one event, rather than of the recipient being down. */
export interface RejectionInput {
  /** So many rejecting answers to one delivery, and it is skipped. Default: 3. */
  readonly attempts?: number | undefined;
  /** HTTP statuses of such answers. Default: 400, 404, 409, 410, 413, 415, 422. */
  readonly statuses?: readonly number[] | undefined;
}

/** Settings for `addHttpRecipient`. */
export interface HttpRecipientInput<Catalog extends EventCatalog = EventCatalog> extends RecipientBaseInput {
  /** Absolute http or https URL; the query string goes out byte for byte. */
  readonly url: string;
  /** Event types, patterns such as `'support_conference_member_*'`, or `'*'`. */
  readonly events: EventPattern<EventTypeFor<Catalog, 'http'>> | readonly EventPattern<EventTypeFor<Catalog, 'http'>>[];
  /**
   * `form` (`application/x-www-form-urlencoded`), `json`, or `cloudevents` (CloudEvents 1.0 in binary mode). Default:
   * `form`.
   */
  readonly format?: BodyFormat | undefined;
  /** PEM text of the certificate authorities to trust for this recipient instead of the public ones. */
  readonly ca?: string | readonly string[] | null | undefined;
  /** TLS besides `ca`: a client certificate, another server name, a minimum version. */
  readonly tls?: TlsInput | undefined;
  /** Headers to send besides our own. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** For a whole attempt. Default: `'30s'`. */
  readonly timeout?: Duration | undefined;
  /** HTTP statuses that count as delivered: a list, or `'2xx'`. Default: `[200]`, as in the seed. */
  readonly success?: readonly number[] | '2xx' | undefined;
  /**
   * Secrets to sign each request with, after Standard Webhooks: `whsec_…` (HMAC-SHA256) or `whsk_…` (ed25519), made with
   * `createSigningSecret` or `createSigningKeyPair`. Several while a secret is exchanged: each gives a signature of its
   * own. Default: no signature.
   */
  readonly signingSecrets?: string | readonly string[] | null | undefined;
  /**
   * How long a 429 or 503 may put off the next attempt with `Retry-After`; it never brings it forward. 0: not at all.
   * Default: `'1h'`.
   */
  readonly maxRetryAfter?: Duration | undefined;
  /**
   * What becomes of a delivery that the receiver rejects while it takes others: `block` tries it until it is older than
   * `retry.duration`, and all behind it waits; `skip` drops it with the reason `rejected` and goes on. Default: `block`.
   */
  readonly onRejected?: 'block' | 'skip' | undefined;
  readonly rejection?: RejectionInput | undefined;
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

/** Settings to change with `updateRecipient`; what is left out stays. Within `retry`, `alerts`, `tls` and `rejection` too. */
export type RecipientChanges<Catalog extends EventCatalog = EventCatalog> =
  | (Omit<Changes<HttpRecipientInput<Catalog>>, 'alerts'> & {
      readonly alerts?: Partial<AlertsInput> | null | undefined;
    })
  | (Omit<Changes<EmailRecipientInput<Catalog>>, 'alerts'> & {
      readonly alerts?: Partial<AlertsInput> | null | undefined;
    });
