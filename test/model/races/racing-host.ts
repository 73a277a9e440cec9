import { defineEvents, event } from '../../../src/core/catalog.ts';
import { isOutboundEventsError } from '../../../src/core/errors.ts';
import { OutboundEvents } from '../../../src/outbound-events.ts';
import { type ManualClock, RecordingRelay } from '../../../src/testing.ts';
import { type RacingContents, RacingStorage } from './racing-storage.ts';
import { RacingTransport } from './racing-transport.ts';

const catalog = defineEvents({ 'order.paid': event<{ order: number }>() });

/** Refusals that a race may end in. */
const refusals = [
  'ERR_STOPPED',
  'ERR_RECIPIENT_UNKNOWN',
  'ERR_RECIPIENT_BACKLOG',
  'ERR_LEASE_LOST',
  'ERR_STORAGE_BUSY',
];

/** One process with the real `OutboundEvents`, and what is asked of it. Nothing is waited for. */
export class RacingHost {
  readonly outbound: OutboundEvents<typeof catalog>;
  readonly transport: RacingTransport;
  /** Deliveries of emits that resolved: `recipient event`. */
  readonly acknowledged: string[] = [];
  /** Settles when nothing is under way that was asked for. */
  asked: Promise<unknown> = Promise.resolve();
  stopped: Promise<void> | null = null;
  readonly #contents: RacingContents;
  readonly #number: number;
  #emits = 0;
  #updates = 0;

  constructor(contents: RacingContents, clock: ManualClock, number: number) {
    const { scheduler, ledger } = contents;
    this.#contents = contents;
    this.#number = number;
    this.transport = new RacingTransport(scheduler, ledger, number);
    this.outbound = new OutboundEvents({
      events: catalog,
      storage: new RacingStorage(contents, number),
      clock,
      transports: { http: this.transport, relay: new RecordingRelay({ clock }) },
      leaseDuration: '2m',
      stopTimeout: '5s',
    });
    this.transport.mustHold = ({ recipient, delivery }) => {
      const what = `process ${number} sends ${recipient.id}:${delivery.sequence}`;
      if (this.stopped !== null) ledger.accuse(`${what} after stop()`);
      if (!recipient.enabled) ledger.accuse(`${what}, which is disabled`);
    };
    this.outbound.on('delivered', ({ recipientId, eventId }) => {
      if (!ledger.delivered.includes(`${recipientId} ${eventId}`)) ledger.accuse(`${eventId} is told, not recorded`);
    });
    this.outbound.on('dropped', ({ recipientId, eventId }) => {
      if (!ledger.dropped.includes(`${recipientId} ${eventId}`)) ledger.accuse(`${eventId} is told, not recorded`);
    });
    this.outbound.on('error', ({ code, message }) => ledger.accuse(`process ${number} tells ${code}: ${message}`));
  }

  start(): void {
    this.#ask(this.outbound.start());
  }

  emit(): void {
    this.#emits += 1;
    const emitted = this.outbound.emit('order.paid', { order: this.#emits }, { id: `${this.#number}-${this.#emits}` });
    this.#ask(
      emitted.then(({ id, deliveries }) => {
        for (const { recipientId } of deliveries) this.acknowledged.push(`${recipientId} ${id}`);
      }),
    );
  }

  add(id: string): void {
    this.#ask(
      this.outbound.addHttpRecipient({
        id,
        name: id,
        url: `https://${id}.example.com/`,
        events: '*',
        retry: { interval: '10s', duration: '1m' },
        alerts: { to: 'ops@example.com', after: '5s', resendEvery: '15s' },
        whileDisabled: 'queue',
      }),
    );
  }

  update(id: string, enabled: boolean): void {
    this.#updates += 1;
    this.#ask(this.outbound.updateRecipient(id, { enabled, url: `https://${id}.example.com/${this.#updates}` }));
  }

  remove(id: string, backlog: 'drop' | 'refuse'): void {
    this.#ask(this.outbound.removeRecipient(id, { backlog }));
  }

  stop(): void {
    this.stopped ??= this.outbound.stop();
    this.#ask(this.stopped);
  }

  #ask(answer: Promise<unknown>): void {
    const { ledger } = this.#contents;
    const settled = answer.then(
      () => {},
      (error: unknown) => {
        const code = isOutboundEventsError(error) ? error.code : String(error);
        const isRefusal = refusals.includes(code) || (code === 'ERR_STORAGE_CLOSED' && this.stopped !== null);
        if (!isRefusal) ledger.accuse(`process ${this.#number} was answered ${code}`);
      },
    );
    this.asked = Promise.all([this.asked, settled]);
  }
}
