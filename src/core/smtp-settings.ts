/** The relay, with every setting checked and every default filled in. Holds a password: never shown, stored or logged. */
export interface SmtpSettings {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte (port 465). Without it STARTTLS is required, unless the relay is on loopback. */
  readonly secure: boolean;
  readonly auth: { readonly user: string; readonly pass: string } | null;
  /** PEM certificates that replace the public roots; `null` for the public roots. */
  readonly ca: string | null;
  /** Sender of every mail: an address without display name. */
  readonly from: string;
}
