import type { EventCatalog } from './core/catalog.ts';
import { checkNotAllExpired } from './core/certificates.ts';
import { type ErrorCode, OutboundEventsError, toOwnError } from './core/errors.ts';
import type { Tell } from './core/lifecycle.ts';
import type { Settings } from './core/options.ts';
import type { Recipient } from './core/recipient.ts';
import type { QueueStorage } from './core/storage.ts';
import type { CertificateWatch } from './dispatch/certificate-watch.ts';
import type { Dispatcher } from './dispatch/dispatcher.ts';
import type { RecipientBook } from './recipient-book.ts';
import type { RecipientStore, StoredRecipient } from './recipient-store.ts';
import type { Transports } from './transports.ts';

/** How often a change is made again on what other processes made of the recipient meanwhile. */
const tries = 10;

/** The wait after recipients could not be read. */
const troubleMs = 1_000;

export interface RecipientDeskContext {
  readonly settings: Settings<EventCatalog>;
  readonly storage: Pick<QueueStorage<never>, 'stats'>;
  readonly store: RecipientStore;
  readonly book: RecipientBook;
  readonly transports: Transports;
  readonly dispatcher: Dispatcher;
  readonly certificateWatch: CertificateWatch;
  readonly tell: Tell;
}

/** Changes recipients, one after the other, and follows what other processes change. */
export class RecipientDesk {
  readonly #context: RecipientDeskContext;
  #lastChange: Promise<unknown> = Promise.resolve();
  #mustRead = false;
  #cancelRetry = (): void => {};
  #closed = false;

  constructor(context: RecipientDeskContext) {
    this.#context = context;
  }

  /** Makes a change when those before it are made. */
  change<Result>(make: () => Promise<Result>): Promise<Result> {
    const change = this.#lastChange.then(make);
    this.#lastChange = change.catch(() => {});
    return change;
  }

  /** Resolves when every change is made. */
  async idle(): Promise<void> {
    await this.#lastChange;
  }

  /** Follows nobody any more. */
  close(): void {
    this.#closed = true;
    this.#cancelRetry();
  }

  /** Reads all recipients from the storage. */
  async load(): Promise<void> {
    for (const stored of await this.#context.store.load()) this.#use(stored);
  }

  /** Another process has changed recipients. What cannot be read now is read later. */
  follow(): void {
    if (this.#mustRead || this.#closed) return;
    this.#mustRead = true;
    this.change(async () => {
      this.#mustRead = false;
      if (!this.#closed) await this.#reload();
    }).catch((error: unknown) => {
      this.#context.tell('error', toOwnError(error, 'ERR_STORAGE_FAILED', 'the storage failed'));
      this.#cancelRetry = this.#context.settings.clock.setTimer(troubleMs, () => this.follow());
    });
  }

  async #reload(): Promise<void> {
    const { store, book, dispatcher, certificateWatch } = this.#context;
    const gone = new Set(book.ids);
    for (const stored of await store.load()) {
      gone.delete(stored.id);
      const { recipient } = stored;
      const known = book.all.get(stored.id);
      if (recipient !== null && known !== undefined && JSON.stringify(known) === JSON.stringify(recipient)) continue;
      this.#use(stored);
      if (recipient === null) {
        if (known !== undefined) dispatcher.recipientGone(stored.id);
        continue;
      }
      certificateWatch.recipientSaved(recipient);
      await dispatcher.recipientSaved(recipient);
    }
    for (const id of gone) {
      book.delete(id);
      dispatcher.recipientGone(id);
    }
  }

  #use({ id, recipient, problem }: StoredRecipient): void {
    const { book, transports } = this.#context;
    // Its queue stays; nothing is sent until this host can, or until it is added again in a form that can be used.
    if (recipient !== null) book.set(recipient);
    const trouble = problem ?? (recipient && transports.missingFor(recipient));
    if (trouble === null) return;
    if (recipient === null) {
      if (book.isUnusable(id, trouble)) return;
      book.delete(id);
      book.setUnusable(id, trouble);
    }
    const what = recipient === null || problem === null ? 'cannot be used' : 'could not be sealed with secretKey';
    this.#report(trouble.code, `stored recipient "${id}" ${what}: ${trouble.message}`, trouble.field);
  }

  #report(code: ErrorCode, message: string, field: string | undefined): void {
    this.#context.tell('error', new OutboundEventsError(code, message, { field }));
  }

  /** Adds a recipient, or replaces all settings of the one with its id. */
  add<R extends Recipient>(recipient: R, givenId: string | undefined): Promise<R> {
    if (givenId === undefined) this.#context.book.checkMadeId(recipient);
    return this.#save(recipient, async () => {
      await this.#context.store.save(recipient);
      return true;
    });
  }

  /** Changes settings of a recipient as it is at that moment, whoever else changes it. */
  async update(id: string, changed: (recipient: Recipient) => Recipient): Promise<Recipient> {
    const { store, book } = this.#context;
    for (let number = 1; number <= tries; number += 1) {
      const recipient = changed(book.get(id));
      let isReplaced = true;
      const saved = await this.#save(recipient, async () => {
        isReplaced = await store.replace(recipient);
        return isReplaced;
      });
      if (isReplaced) return saved;
      await this.#reload();
    }
    throw new OutboundEventsError('ERR_STORAGE_BUSY', `others keep changing the recipient "${id}"; try again`);
  }

  async #save<R extends Recipient>(recipient: R, store: () => Promise<boolean>): Promise<R> {
    const { book, transports, settings, certificateWatch, dispatcher } = this.#context;
    const { id } = recipient;
    const known = book.all.get(id);
    book.checkKind(recipient);
    book.checkName(recipient);
    await transports.check(recipient);
    // Declared again as it is, as hosts do at every start; unless another process has changed or removed it meanwhile.
    const isKnown = known !== undefined && JSON.stringify(known) === JSON.stringify(recipient);
    if (isKnown && (await this.#context.store.isStill(id))) return known as R;
    // Only what is new: on the day an authority expires, a host must be able to start, and to change other settings.
    if (caOf(known) !== caOf(recipient)) checkNotAllExpired(recipient, settings.clock.now());
    if (settings.seal.isOpen) book.checkNotSealed(id);
    if (!(await store())) return recipient;
    book.set(recipient);
    certificateWatch.recipientSaved(recipient);
    await dispatcher.recipientSaved(recipient);
    return recipient;
  }

  /** Removes a recipient. Rejects with `ERR_RECIPIENT_BACKLOG` when deliveries wait that are not to be dropped. */
  async remove(id: string, dropBacklog: boolean): Promise<void> {
    const { book, dispatcher } = this.#context;
    book.checkKnown(id);
    try {
      if (!(await dispatcher.remove(id, dropBacklog))) {
        throw new OutboundEventsError(
          'ERR_RECIPIENT_BACKLOG',
          `${await this.#queued(id)} deliveries wait for "${id}": pass { backlog: 'drop' } to drop them, or disable it to keep them`,
          { field: 'options.backlog' },
        );
      }
      book.delete(id);
    } finally {
      // It goes on being worked on when it was not removed.
      await dispatcher.takeUp();
    }
  }

  async #queued(id: string): Promise<number> {
    const [stats] = await this.#context.storage.stats(id);
    return stats?.queued ?? 0;
  }
}

function caOf(recipient: Recipient | undefined): string | null {
  return recipient?.kind === 'http' ? recipient.ca : null;
}
