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
  readonly relay: Pick<Relay, 'sendAlert'>;
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
  #underWay: { readonly runner: QueueRunner; readonly sent: Promise<number> } | null = null;
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
      let watch = this.#watched.get(runner);
      // Other addresses need not wait for the trouble of those before.
      if (watch === undefined || watch.policy !== policy) watch = { policy, notBefore: 0 };
      this.#watched.set(runner, watch);
      this.#wakeAt(this.#dueAt(runner, watch));
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

  #dueAt(runner: QueueRunner, { notBefore }: Watch): number {
    const decision = this.#decide(runner);
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
        for (const [runner, watch] of this.#watched) this.#wakeAt(this.#dueAt(runner, watch));
      });
    });
  }

  async #sendDue(): Promise<void> {
    // Those that are forgotten meanwhile are passed over, and those that are new have their turn afterwards.
    for (const [runner, watch] of [...this.#watched]) {
      if (this.#watched.get(runner) !== watch || this.#dueAt(runner, watch) > this.#context.clock.steady()) continue;
      const sent = this.#send(runner, watch);
      this.#underWay = { runner, sent };
      const waitMs = await sent;
      watch.notBefore = this.#context.clock.steady() + waitMs;
      this.#underWay = null;
    }
  }

  /** Resolves with how long to wait before the next try, ms; 0 when there was no trouble. */
  async #send(runner: QueueRunner, watch: Watch): Promise<number> {
    const { relay, storage, clock, tell, relayAnswered } = this.#context;
    const { recipient } = runner;
    try {
      const [stats] = await storage.stats(recipient.id);
      if (stats === undefined) {
        this.forget(runner);
        return 0;
      }
      // While the storage was asked, much may have changed.
      const decision = this.#decide(runner);
      if (this.#watched.get(runner) !== watch || decision.kind !== 'send') return 0;
      const { alert } = decision;
      // The next delivery is being tried, and tells more than a mail about those that were dropped.
      if (isBeingTried(alert, stats, clock.steady())) return relayTroubleMs;
      const toWallClock = (time: number): number => wallTime(clock, time);
      const mail = alertMail(alert, { recipient, stats, now: clock.steady(), toWallClock });
      const { signal } = this.#aborting;
      const answer = await unlessAborted(relay.sendAlert(mail, { signal }), signal);
      relayAnswered(answer.relay);
      if (answer.accepted) {
        await runner.alertSent(alert);
        tell('alert:sent', { recipientId: recipient.id, about: alert.about, to: alert.to });
        return 0;
      }
      if (answer.relay !== 'OK') return relayTroubleMs;
      const failed = alertFailed(recipient.id, 'the relay refuses every address of alerts.to');
      tell('error', new OutboundEventsError(...failed));
      return recipient.alerts?.resendEvery ?? relayTroubleMs;
    } catch (error) {
      if (this.#aborting.signal.aborted) return 0;
      tell('error', toOwnError(error, ...alertFailed(recipient.id, 'the mail could not be handed over')));
      return relayTroubleMs;
    }
  }
}

function isBeingTried(alert: DueAlert, { queued }: QueueStats, now: number): boolean {
  return alert.about === 'failing' && queued > 0 && alert.failing.nextAttemptAt <= now;
}

function alertFailed(recipientId: string, why: string): [code: ErrorCode, message: string] {
  return ['ERR_ALERT_FAILED', `an alert about recipient "${recipientId}" was not sent: ${why}`];
}
