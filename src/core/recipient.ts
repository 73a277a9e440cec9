/** How long between attempts, and how old a delivery may get. Milliseconds. */
export interface RetryPolicy {
  /** From the end of a failed attempt to the start of the next. */
  readonly interval: number;
  /** Age since acceptance past which a delivery is dropped after a failed attempt. */
  readonly duration: number;
}

/** Whom to tell, and when, while a recipient fails. Milliseconds. */
export interface AlertPolicy {
  /** 1 to 10 addresses. */
  readonly to: readonly string[];
  /** From the first failed attempt to the first alert; a success before cancels it. */
  readonly after: number;
  /** From one alert to the next while the recipient stays failing. */
  readonly resendEvery: number;
  /** Whether a mail says that it has recovered, when an alert had been sent. */
  readonly recovered: boolean;
}

/** TLS towards one recipient, besides the authorities it trusts. */
export interface TlsSettings {
  /** PEM certificate (chain) shown to a receiver that asks for one, with its key; `null` for none. */
  readonly cert: string | null;
  /** PEM private key of `cert`. Secret. */
  readonly key: string | null;
  /** Opens `key` where that is encrypted. Secret. */
  readonly passphrase: string | null;
  /** Name to ask for (SNI) and to find in the receiver's certificate; `null` for the host of the URL. */
  readonly servername: string | null;
  readonly minVersion: TlsVersion;
}

/** A version of TLS, as Node.js calls it. */
export type TlsVersion = 'TLSv1.2' | 'TLSv1.3';

/** When an answer means that the receiver rejects one event for good, rather than being down. */
export interface RejectionPolicy {
  /** So many such answers to one delivery, and it is skipped. */
  readonly attempts: number;
  /** HTTP statuses of such answers. */
  readonly statuses: readonly number[];
}

interface RecipientBase {
  /** 1 to 64 characters of `A-Z a-z 0-9 _ . -`. */
  readonly id: string;
  /** For people; unique. */
  readonly name: string;
  readonly enabled: boolean;
  /** What happens to events while it is disabled: not queued at all, or queued until it is enabled. */
  readonly whileDisabled: 'skip' | 'queue';
  readonly retry: RetryPolicy;
  readonly alerts: AlertPolicy | null;
}

/** An HTTP recipient with every setting checked and every default filled in. */
export interface HttpRecipient extends RecipientBase {
  readonly kind: 'http';
  /** As it was given; the query string goes out byte for byte. */
  readonly url: string;
  /** Event types, `prefix*` patterns, or `*`. */
  readonly events: readonly string[];
  readonly format: BodyFormat;
  /** PEM certificates that replace the public roots for this recipient; `null` for the public roots. */
  readonly ca: string | null;
  readonly tls: TlsSettings;
  /** Sent with every request, besides our own. May hold secrets. */
  readonly headers: Readonly<Record<string, string>>;
  /** For a whole attempt, ms. */
  readonly timeout: number;
  /** The HTTP statuses that count as delivered. */
  readonly success: readonly number[] | '2xx';
  /** Secrets each request is signed with (Standard Webhooks), the newest first; none for no signature. */
  readonly signingSecrets: readonly string[];
  /** How long a receiver may put off the next attempt by `Retry-After`, ms; 0 for not at all. */
  readonly maxRetryAfter: number;
  /** Whether a delivery that the receiver rejects is tried until it is too old, or skipped. */
  readonly onRejected: 'block' | 'skip';
  /** What counts as rejected, where it is skipped. */
  readonly rejection: RejectionPolicy;
}

/** How an event becomes the body of a request. */
export type BodyFormat = 'form' | 'json' | 'cloudevents';

/** A mail's own texts (handlebars); what is left out or blank is the event's default. */
export interface EmailTemplate {
  readonly subject?: string | undefined;
  readonly text?: string | undefined;
  readonly html?: string | undefined;
}

/** An email recipient with every setting checked and every default filled in. */
export interface EmailRecipient extends RecipientBase {
  readonly kind: 'email';
  /** 1 to 10 addresses, without display names. */
  readonly to: readonly string[];
  /** By event type: `true` for the default texts. */
  readonly events: Readonly<Record<string, EmailTemplate | true>>;
}

/** A recipient of either kind; `kind` tells which. */
export type Recipient = HttpRecipient | EmailRecipient;
