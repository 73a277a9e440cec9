import { type AlertDecision, type DueAlert, decideAlert } from '../core/alert.ts';
import { alertMail } from '../core/alert-mail.ts';
import { type Clock, wallTime } from '../core/clock.ts';
import { type ErrorCode, OutboundEventsError, toOwnError } from '../core/errors.ts';
import type { Tell } from '../core/lifecycle.ts';
import type { AlertPolicy } from '../core/recipient.ts';
import type { QueueStats, QueueStorage } from '../core/storage.ts';
import type { Relay, RelayAnswer } from '../core/transport.ts';
import type { QueueRunner } from './queue-runner.ts';
import { unlessAborted } from './unless-aborted.ts';

/** The wait after a mail could not be handed to the relay. */
const relayTroubleMs = 60_000;

interface Watch {
  /** The policy that `notBefore` is about. */
  readonly policy: AlertPolicy | null;
  /** The earliest time to try, after trouble. */
  notBefore: number;
}

export interface AlertDeskContext {
  readonly relay: Relay;
  readonly storage: Pick<QueueStorage, 'stats'>;
  readonly clock: Clock;
  readonly tell: Tell;
  readonly relayAnswered: (answer: RelayAnswer) => void;
}

/**
 * Sends the mails about failing and recovered recipients, one at a time, beside the deliveries and never in their way.
 * What a mail says is gathered when it is sent: after an outage of the relay there is one mail with the newest state, not
 * one for each that was missed.
 */
export class AlertDesk {
  readonly #context: AlertDeskContext;
  readonly #aborting = new AbortController();
  /** Runners with something to tell now or later. */
  readonly #watched = new Map<QueueRunner, Watch>();
  #timerAt = Number.POSITIVE_INFINITY;
  #cancelTimer = (): void => {};
  #sending: Promise<void> | null = null;
  #underWay: { readonly runner: QueueRunner; readonly sent: Promise<void> } | null = null;
  #hasEnded = false;

  constructor(context: AlertDeskContext) {
    this.#context = context;
  }

  /** The runner's state or recipient has changed. */
  changed(runner: QueueRunner): void {
    if (this.#hasEnded) return;
    if (this.#decide(runner).kind === 'none') {
      this.#watched.delete(runner);
    } else {
      const policy = runner.recipient.alerts;
      // Other addresses need not wait for the trouble of those before.
      if (this.#watched.get(runner)?.policy !== policy) this.#watched.set(runner, { policy, notBefore: 0 });
      this.#wakeAt(this.#dueAt(runner));
    }
  }

  /** The runner's queue is not ours any more. */
  forget(runner: QueueRunner): void {
    this.#watched.delete(runner);
  }

  /** Sends no further mail about it. Resolves once the one under way is recorded: whoever has its queue next knows of it. */
  async leave(runner: QueueRunner): Promise<void> {
    this.forget(runner);
    if (this.#underWay?.runner === runner) await this.#underWay.sent;
    this.forget(runner);
  }

  /** Sends no further mail. Resolves once the one under way is recorded. */
  async end(): Promise<void> {
    this.#hasEnded = true;
    this.#watched.clear();
    this.#cancelTimer();
    await this.#sending;
  }

  /** Breaks off the mail under way. */
  abort(): void {
    this.#aborting.abort();
  }

  #decide(runner: QueueRunner): AlertDecision {
    const { alerts, enabled } = runner.recipient;
    return decideAlert(enabled ? alerts : null, runner.state, this.#context.clock.steady());
  }

  #dueAt(runner: QueueRunner): number {
    const decision = this.#decide(runner);
    const notBefore = this.#watched.get(runner)?.notBefore ?? 0;
    switch (decision.kind) {
      case 'none':
        return Number.POSITIVE_INFINITY;
      case 'wait':
        return Math.max(decision.until, notBefore);
      case 'send':
        return notBefore;
    }
  }

  #wakeAt(time: number): void {
    if (this.#sending !== null || time >= this.#timerAt) return;
    this.#cancelTimer();
    this.#timerAt = time;
    this.#cancelTimer = this.#context.clock.setTimer(Math.max(0, time - this.#context.clock.steady()), () => {
      this.#timerAt = Number.POSITIVE_INFINITY;
      this.#sending = this.#sendDue().finally(() => {
        this.#sending = null;
        for (const runner of this.#watched.keys()) this.#wakeAt(this.#dueAt(runner));
      });
    });
  }

  async #sendDue(): Promise<void> {
    for (const runner of [...this.#watched.keys()]) {
      // One may have been forgotten while others were told of.
      if (!this.#watched.has(runner) || this.#dueAt(runner) > this.#context.clock.steady()) continue;
      const decision = this.#decide(runner);
      if (decision.kind !== 'send') continue;
      const sent = this.#send(runner, decision.alert);
      this.#underWay = { runner, sent };
      await sent;
      this.#underWay = null;
    }
  }

  async #send(runner: QueueRunner, alert: DueAlert): Promise<void> {
    const { relay, storage, clock, tell, relayAnswered } = this.#context;
    const { recipient } = runner;
    let waitMs = relayTroubleMs;
    try {
      const [stats] = await storage.stats(recipient.id);
      if (stats === undefined) return this.forget(runner);
      // The next delivery is being tried, and tells more than a mail about those that were dropped.
      if (isBeingTried(alert, stats, clock.steady())) return this.#postpone(runner, waitMs);
      const toWallClock = (time: number): number => wallTime(clock, time);
      const mail = alertMail(alert, { recipient, stats, now: clock.steady(), toWallClock });
      const { signal } = this.#aborting;
      const answer = await unlessAborted(relay.sendAlert(mail, { signal }), signal);
      relayAnswered(answer.relay);
      if (answer.accepted) {
        await runner.alertSent(alert);
        tell('alert:sent', { recipientId: recipient.id, about: alert.about, to: alert.to });
        return;
      }
      if (answer.relay === 'OK') {
        const failed = alertFailed(recipient.id, 'the relay refuses every address of alerts.to');
        tell('error', new OutboundEventsError(...failed));
        waitMs = recipient.alerts?.resendEvery ?? waitMs;
      }
    } catch (error) {
      if (this.#aborting.signal.aborted) return;
      tell('error', toOwnError(error, ...alertFailed(recipient.id, 'the mail could not be handed over')));
    }
    this.#postpone(runner, waitMs);
  }

  #postpone(runner: QueueRunner, waitMs: number): void {
    const watch = this.#watched.get(runner);
    if (watch !== undefined) watch.notBefore = this.#context.clock.steady() + waitMs;
  }
}

function isBeingTried(alert: DueAlert, { queued }: QueueStats, now: number): boolean {
  return alert.about === 'failing' && queued > 0 && alert.failing.nextAttemptAt <= now;
}

function alertFailed(recipientId: string, why: string): [code: ErrorCode, message: string] {
  return ['ERR_ALERT_FAILED', `an alert about recipient "${recipientId}" was not sent: ${why}`];
}
