import { type ConfiguredCertificate, certificatesIn, certificatesOf, expiringSoon } from '../core/certificates.ts';
import type { Clock } from '../core/clock.ts';
import type { Tell } from '../core/lifecycle.ts';
import type { Recipient } from '../core/recipient.ts';

const day = 24 * 60 * 60 * 1000;

/** How long before a certificate expires it is told of: time enough to get another. */
const aheadMs = 30 * day;

export interface CertificateWatchContext {
  /** By id; as it is at the moment. */
  readonly recipients: ReadonlyMap<string, Recipient>;
  /** PEM text; `null` when the relay has none of its own. */
  readonly relayCa: string | null;
  readonly clock: Clock;
  readonly tell: Tell;
}

/**
 * Tells of configured certificates that expire soon, or have expired: those of a recipient when it was saved, and all of
 * them at the start and once a day from then on.
 */
export class CertificateWatch {
  readonly #context: CertificateWatchContext;
  readonly #ofRelay: readonly ConfiguredCertificate[];
  #cancel = (): void => {};

  constructor(context: CertificateWatchContext) {
    this.#context = context;
    this.#ofRelay = certificatesIn(context.relayCa, 'smtp.ca');
  }

  start(): void {
    this.#tellOf(null, this.#ofRelay);
    for (const recipient of this.#context.recipients.values()) this.recipientSaved(recipient);
    this.#cancel = this.#context.clock.setTimer(day, () => this.start());
  }

  recipientSaved(recipient: Recipient): void {
    this.#tellOf(recipient.id, certificatesOf(recipient));
  }

  stop(): void {
    this.#cancel();
  }

  #tellOf(recipientId: string | null, certificates: readonly ConfiguredCertificate[]): void {
    const now = this.#context.clock.now();
    for (const certificate of expiringSoon(certificates, { now, soon: now + aheadMs })) {
      const expired = certificate.expiresAt < now;
      this.#context.tell('certificate:expiring', { recipientId, ...certificate, expired });
    }
  }
}
