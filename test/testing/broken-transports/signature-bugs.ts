import { createHash, randomUUID } from 'node:crypto';
import { type BrokenTransports, type HttpAttempt, PlainTransport } from './plain-transport.ts';

/** The same attempt at a recipient with other secrets. */
function withSecrets(attempt: HttpAttempt, signingSecrets: readonly string[]): HttpAttempt {
  return { ...attempt, recipient: { ...attempt.recipient, signingSecrets } };
}

/** Bugs in what tells a receiver whom a request comes from. */
export const signatureBugs: BrokenTransports = {
  'does not sign': {
    caughtBy: 'signatures: a request is signed with the secret of its recipient, over what is sent',
    Broken: class extends PlainTransport {
      override headers(attempt: HttpAttempt): Record<string, string> {
        return super.headers(withSecrets(attempt, []));
      }
    },
  },
  'signs something other than what it sends': {
    caughtBy: 'signatures: a request is signed with the secret of its recipient, over what is sent',
    Broken: class extends PlainTransport {
      override content(attempt: HttpAttempt): Buffer {
        const data = JSON.stringify(JSON.parse(this.body(attempt)));
        return Buffer.from(`${attempt.delivery.event.id}.${this.timestamp(attempt)}.${data}`);
      }
    },
  },
  'signs the characters rather than the bytes': {
    caughtBy: 'signatures: a request is signed with the secret of its recipient, over what is sent',
    Broken: class extends PlainTransport {
      override content(attempt: HttpAttempt): Buffer {
        return Buffer.from(String(super.content(attempt)), 'latin1');
      }
    },
  },
  'signs the body only': {
    caughtBy: 'signatures: a request is signed with the secret of its recipient, over what is sent',
    Broken: class extends PlainTransport {
      override content(attempt: HttpAttempt): Buffer {
        return Buffer.from(this.body(attempt));
      }
    },
  },
  'takes the text of the secret for the key': {
    caughtBy: 'signatures: a request is signed with the secret of its recipient, over what is sent',
    Broken: class extends PlainTransport {
      override sign(content: Buffer, secret: string): string {
        return super.sign(content, `whsec_${Buffer.from(secret).toString('base64')}`);
      }
    },
  },
  'tells the time in milliseconds': {
    caughtBy: 'signatures: a request is signed with the secret of its recipient, over what is sent',
    Broken: class extends PlainTransport {
      override timestamp({ at }: HttpAttempt): string {
        return String(at);
      }
    },
  },
  'signs with the first secret only': {
    caughtBy: 'signatures: each secret gives a signature, in the order of the secrets',
    Broken: class extends PlainTransport {
      override headers(attempt: HttpAttempt): Record<string, string> {
        return super.headers(withSecrets(attempt, attempt.recipient.signingSecrets.slice(0, 1)));
      }
    },
  },
  'sorts the secrets': {
    caughtBy: 'signatures: a private key gives a signature that its public key verifies',
    Broken: class extends PlainTransport {
      override headers(attempt: HttpAttempt): Record<string, string> {
        return super.headers(withSecrets(attempt, attempt.recipient.signingSecrets.toSorted()));
      }
    },
  },
  'signs a hash with the private key': {
    caughtBy: 'signatures: a private key gives a signature that its public key verifies',
    Broken: class extends PlainTransport {
      override sign(content: Buffer, secret: string): string {
        const isPrivateKey = secret.startsWith('whsk_');
        return super.sign(isPrivateKey ? createHash('sha256').update(content).digest() : content, secret);
      }
    },
  },
  'signs the time of the event': {
    caughtBy: 'signatures: a repeated attempt is signed with its own time',
    Broken: class extends PlainTransport {
      override timestamp(attempt: HttpAttempt): string {
        return super.timestamp({ ...attempt, at: attempt.delivery.event.occurredAt });
      }
    },
  },
  'keeps the signature of the first attempt': {
    caughtBy: 'signatures: a repeated attempt is signed with its own time',
    Broken: class extends PlainTransport {
      override content(attempt: HttpAttempt): Buffer {
        return super.content({ ...attempt, at: attempt.at - (attempt.number - 1) * 3_600_000 });
      }
    },
  },
  'keeps the secrets it saw first': {
    caughtBy: 'signatures: recipients are signed for with their own secrets',
    Broken: class extends PlainTransport {
      #secrets: readonly string[] | undefined;

      override headers(attempt: HttpAttempt): Record<string, string> {
        this.#secrets ??= attempt.recipient.signingSecrets;
        return super.headers(withSecrets(attempt, this.#secrets));
      }
    },
  },
  'signs with a secret of its own': {
    caughtBy: 'signatures: without secrets nothing is signed',
    Broken: class extends PlainTransport {
      override headers(attempt: HttpAttempt): Record<string, string> {
        const { signingSecrets } = attempt.recipient;
        return super.headers(withSecrets(attempt, signingSecrets.length > 0 ? signingSecrets : ['whsec_']));
      }
    },
  },
  'salts what it signs': {
    caughtBy: 'bytes: a repeated attempt that is signed differs in its signature, too, and in nothing else',
    Broken: class extends PlainTransport {
      override headers(attempt: HttpAttempt): Record<string, string> {
        const isSigned = attempt.recipient.signingSecrets.length > 0;
        return { ...super.headers(attempt), ...(isSigned && { 'webhook-salt': randomUUID() }) };
      }
    },
  },
};
