import type { EmitOptions } from './core/accept.ts';
import { type EventCatalog, type EventData, type EventMeta, type EventType, eventMeta } from './core/catalog.ts';
import { checkInteger, checkObject, checkOneOf } from './core/check.ts';
import { wallTime } from './core/clock.ts';
import { type ErrorCode, OutboundEventsError, toOwnError } from './core/errors.ts';
import { newId } from './core/id.ts';
import type { LifecycleEvents } from './core/lifecycle.ts';
import { type Macro, macrosFor } from './core/macros.ts';
import { type OutboundEventsOptions, parseOptions, type Settings } from './core/options.ts';
import { changeRecipient, parseEmailRecipient, parseHttpRecipient } from './core/parse-recipient.ts';
import { restoreQueueState } from './core/queue-state.ts';
import type { EmailRecipient, HttpRecipient, Recipient } from './core/recipient.ts';
import type { EmailRecipientInput, HttpRecipientInput, RecipientChanges } from './core/recipient-input.ts';
import { SharedClock } from './core/shared-clock.ts';
import { recipientStatus, type Status } from './core/status.ts';
import type { DroppedDelivery, DroppedQuery, QueueStorage } from './core/storage.ts';
import { CertificateWatch } from './dispatch/certificate-watch.ts';
import { ClockWatch } from './dispatch/clock-watch.ts';
import { Dispatcher } from './dispatch/dispatcher.ts';
import { type Emitted, Inbox } from './dispatch/inbox.ts';
import { RelayWatch } from './dispatch/relay-watch.ts';
import { type Listener, Listeners } from './listeners.ts';
import { RecipientBook } from './recipient-book.ts';
import { RecipientDesk } from './recipient-desk.ts';
import { RecipientStore } from './recipient-store.ts';
import { storageFrom } from './storage-from.ts';
import { Transports } from './transports.ts';

/** An event type as a host's user interface may show it. */
export interface EventTypeInfo extends Omit<EventMeta, 'variables' | 'mail'> {
  /** What its mails can say. */
  readonly macros: readonly Macro[];
}

/**
 * Sends a host's events out: durably, strictly in order per recipient, retrying until each is delivered or out of time,
 * and telling people by email when a recipient keeps failing. The promise is in the README.
 *
 * Making one checks the options (coded `OutboundEventsError`s) and touches nothing; the storage is opened by the first
 * call that needs it.
 */
export class OutboundEvents<const Catalog extends EventCatalog, Transaction = never> {
  readonly #settings: Settings<Catalog>;
  readonly #clockWatch: ClockWatch;
  readonly #storage: QueueStorage<Transaction>;
  readonly #listeners = new Listeners();
  readonly #book: RecipientBook;
  readonly #transports: Transports;
  readonly #inbox: Inbox<Transaction>;
  readonly #relayWatch: RelayWatch;
  readonly #certificateWatch: CertificateWatch;
  readonly #dispatcher: Dispatcher;
  readonly #desk: RecipientDesk;
  #opening: Promise<void> | null = null;
  #isStorageOpen = false;
  #open = false;
  #started: Promise<void> | null = null;
  #stopped: Promise<void> | null = null;
  /** What is opened from now on is not used any more. */
  #isClosing = false;
  #stopListening = (): void => {};

  constructor(options: OutboundEventsOptions<Catalog, Transaction>) {
    const given = parseOptions(options as OutboundEventsOptions<Catalog>);
    const clock = new SharedClock(given.clock);
    const settings = { ...given, clock };
    const { tell } = this.#listeners;
    this.#settings = settings;
    this.#storage = storageFrom(options.storage);
    this.#clockWatch = new ClockWatch(clock, () => this.#storage.time(), settings.leaseDuration / 2);
    this.#book = new RecipientBook(settings.catalog);
    this.#transports = new Transports(settings);
    const { relay } = this.#transports;
    this.#relayWatch = new RelayWatch(relay, given.clock, tell);
    const relayCa = settings.smtp?.ca ?? null;
    this.#certificateWatch = new CertificateWatch({ recipients: this.#book.all, relayCa, clock, tell });
    this.#dispatcher = new Dispatcher({
      holder: newId(clock.now()),
      storage: this.#storage as QueueStorage<never>,
      clock,
      tell,
      relay,
      concurrency: settings.concurrency,
      leaseDuration: settings.leaseDuration,
      recipients: this.#book.all,
      transport: this.#transports,
      relayAnswered: (answer) => this.#relayWatch.answered(answer),
    });
    this.#desk = new RecipientDesk({
      settings,
      storage: this.#storage,
      store: new RecipientStore(this.#storage, settings.seal, settings.catalog),
      book: this.#book,
      transports: this.#transports,
      dispatcher: this.#dispatcher,
      certificateWatch: this.#certificateWatch,
      tell,
    });
    this.#inbox = new Inbox({
      storage: this.#storage,
      opening: () => (this.#open ? null : this.#ready()),
      accept: () => ({
        catalog: settings.catalog,
        now: clock.now(),
        acceptedAt: Math.round(clock.steady()),
        maxEventBytes: settings.maxEventBytes,
      }),
      recipientsOf: (type) => this.#book.routesOf(type),
      rememberEventIds: settings.rememberEventIds,
      stored: (recipientIds) => this.#dispatcher.wake(recipientIds),
    });
  }

  /**
   * Accepts an event for every recipient that wants it. Once it resolves, the event is stored durably for all of them;
   * when it rejects, nothing is stored, except with `ERR_OUTCOME_UNKNOWN` or `ERR_STORAGE_IO`: then emit again with the same id.
   * Events reach each recipient in the order of the calls, awaited or not.
   */
  async emit<Type extends EventType<Catalog>>(
    type: Type,
    data: EventData<Catalog, Type>,
    options: EmitOptions<Transaction> = {},
  ): Promise<Emitted> {
    this.#assertNotStopped();
    return this.#inbox.emit(type, data, options);
  }

  /**
   * Begins to dispatch. Resolves once it does; what keeps it from beginning (a storage that cannot be opened) rejects and
   * is told as `error` too, so that nobody has to wait for it. Starting twice is starting once.
   */
  start(): Promise<void> {
    if (this.#stopped !== null) return Promise.reject(stoppedError());
    if (this.#started === null) {
      this.#started = this.#begin();
      this.#relayWatch.start();
      this.#started.catch((error: unknown) => {
        this.#started = null;
        if (this.#stopped === null) this.#listeners.tell('error', ownError(error));
      });
    }
    return this.#started;
  }

  /**
   * Starts nothing new, lets attempts under way end within `stopTimeout`, aborts the rest (they will be repeated), and
   * lets go of every timer, socket, thread and file. Stopping twice is stopping once; after it only `on` and `off` work.
   */
  stop(): Promise<void> {
    this.#stopped ??= this.#shutDown();
    return this.#stopped;
  }

  /**
   * Adds an HTTP recipient, or replaces the settings of the one with this id. It is kept in the storage: a host may
   * declare its recipients at every start, or add them once.
   */
  addHttpRecipient(recipient: HttpRecipientInput<Catalog>): Promise<HttpRecipient> {
    return this.#change(() => this.#desk.add(parseHttpRecipient(recipient, this.#settings.catalog), recipient.id));
  }

  /** Adds an email recipient, or replaces the settings of the one with this id. Needs `smtp`. */
  addEmailRecipient(recipient: EmailRecipientInput<Catalog>): Promise<EmailRecipient> {
    return this.#change(() => this.#desk.add(parseEmailRecipient(recipient, this.#settings.catalog), recipient.id));
  }

  /** Changes some settings; what waits is sent with the new ones, at once. Rejects with `ERR_RECIPIENT_UNKNOWN`. */
  updateRecipient(id: string, changes: RecipientChanges<Catalog>): Promise<Recipient> {
    return this.#change(() =>
      this.#desk.update(id, (recipient) => changeRecipient(recipient, changes, this.#settings.catalog)),
    );
  }

  /**
   * Removes a recipient. With deliveries waiting it rejects with `ERR_RECIPIENT_BACKLOG`, unless told to drop them: each is
   * then reported as `dropped`.
   */
  removeRecipient(id: string, options: { readonly backlog?: 'refuse' | 'drop' | undefined } = {}): Promise<void> {
    return this.#change(async () => {
      const { backlog } = checkObject(options, 'options', ['backlog']);
      const choice = checkOneOf(backlog, 'options.backlog', ['refuse', 'drop'], 'refuse');
      await this.#desk.remove(id, choice === 'drop');
    });
  }

  /** All recipients with their settings (which may hold secrets), in the order they were added. */
  async listRecipients(): Promise<readonly Recipient[]> {
    this.#assertNotStopped();
    await this.#ready();
    return [...this.#book.all.values()];
  }

  /** How the relay and every recipient are, without sending anything. */
  async status(): Promise<Status> {
    this.#assertNotStopped();
    await this.#ready();
    const stats = new Map((await this.#storage.stats()).map((entry) => [entry.recipientId, entry]));
    const { clock } = this.#settings;
    const toWallClock = (time: number): number => wallTime(clock, time);
    return {
      relay: this.#relayWatch.status,
      recipients: Array.from(this.#book.all.values(), (recipient) => {
        const entry = stats.get(recipient.id) ?? { recipientId: recipient.id, queued: 0, oldestAt: null, state: null };
        const state = restoreQueueState(entry.state, recipient, clock.steady());
        return recipientStatus(recipient, state, entry, toWallClock);
      }),
    };
  }

  /** The newest dropped deliveries, newest first; at least the last 10,000 are kept. Default limit: 100. */
  async listDropped(query: Partial<DroppedQuery> = {}): Promise<readonly DroppedDelivery[]> {
    this.#assertNotStopped();
    await this.#ready();
    const { recipientId, limit } = checkObject(query, 'query', ['recipientId', 'limit']) as Partial<DroppedQuery>;
    return this.#storage.listDropped({ recipientId, limit: checkInteger(limit, 'query.limit', [1, 1e6], 100) });
  }

  /** The catalog for a host's user interface: labels, descriptions, channels, and the macros of each type's mails. */
  eventTypes(): readonly EventTypeInfo[] {
    const { catalog } = this.#settings;
    return Object.keys(catalog).map((name) => {
      const { type, label, description, channels, version } = eventMeta(catalog, name);
      return { type, label, description, channels, version, macros: macrosFor(catalog, name) };
    });
  }

  /** Listens to a lifecycle event. */
  on<Name extends keyof LifecycleEvents>(name: Name, listener: Listener<Name>): this {
    this.#listeners.on(name, listener);
    return this;
  }

  /** Listens to the next one only. */
  once<Name extends keyof LifecycleEvents>(name: Name, listener: Listener<Name>): this {
    this.#listeners.once(name, listener);
    return this;
  }

  /** Stops listening. */
  off<Name extends keyof LifecycleEvents>(name: Name, listener: Listener<Name>): this {
    this.#listeners.off(name, listener);
    return this;
  }

  async #begin(): Promise<void> {
    await this.#ready();
    if (this.#isClosing) throw stoppedError();
    await this.#dispatcher.start();
    if (this.#isClosing) throw stoppedError();
    this.#certificateWatch.start();
  }

  /** Opens the storage and reads the recipients, once; a failure is tried again by the next call. */
  #ready(): Promise<void> {
    this.#opening ??= this.#openStorage().catch((error: unknown) => {
      this.#opening = null;
      throw error;
    });
    return this.#opening;
  }

  async #openStorage(): Promise<void> {
    const { limits } = this.#settings;
    if (!this.#isStorageOpen) {
      for (const warning of await this.#storage.open(limits)) this.#report('ERR_STORAGE_WARNING', warning);
      this.#isStorageOpen = true;
    }
    await this.#clockWatch.start();
    // Before they are read, so that no change is missed.
    this.#stopListening();
    this.#stopListening = this.#storage.listen((recipientIds, news) => {
      if (news === 'queue') this.#dispatcher.wake(recipientIds);
      if (news === 'lease') this.#dispatcher.released();
      if (news === 'recipient') this.#desk.follow();
    });
    await this.#desk.load();
    this.#open = true;
  }

  #report(code: ErrorCode, message: string, field?: string): void {
    this.#listeners.tell('error', new OutboundEventsError(code, message, { field }));
  }

  #change<Result>(make: () => Promise<Result>): Promise<Result> {
    return this.#desk.change(async () => {
      this.#assertNotStopped();
      await this.#ready();
      return make();
    });
  }

  async #shutDown(): Promise<void> {
    const { clock, stopTimeout } = this.#settings;
    this.#relayWatch.stop();
    this.#dispatcher.beginNoMore();
    const limit = Promise.withResolvers<void>();
    const until = clock.steady() + stopTimeout;
    const cancel = clock.setTimer(stopTimeout, limit.resolve);
    // One limit for all: what is then not opened is left, and changes of recipients and emits that are not done are rejected.
    await Promise.race([Promise.allSettled([this.#started, this.#opening]), limit.promise]);
    this.#isClosing = true;
    this.#clockWatch.stop();
    this.#certificateWatch.stop();
    this.#stopListening();
    this.#desk.close();
    await this.#dispatcher.stop(Math.max(0, until - clock.steady()));
    await Promise.race([Promise.all([this.#desk.idle(), this.#inbox.idle()]), limit.promise]);
    cancel();
    await this.#transports.close().catch((error: unknown) => this.#listeners.tell('error', ownError(error)));
    await this.#storage.close();
  }

  #assertNotStopped(): void {
    if (this.#stopped !== null) throw stoppedError();
  }
}

function stoppedError(): OutboundEventsError {
  return new OutboundEventsError('ERR_STOPPED', 'this OutboundEvents has been stopped; make another one');
}

function ownError(error: unknown): OutboundEventsError {
  return toOwnError(error, 'ERR_STORAGE_FAILED', 'the storage failed');
}
