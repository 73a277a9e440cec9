import { systemClock } from '../../src/index.ts';
import type { ObservedRequest } from './history.ts';
import type { Order, Report } from './host-messages.ts';
import { HostProcess } from './host-process.ts';
import { type Incident, type KillMoment, largestEmit } from './kill-moment.ts';
import type { LoadEvent } from './load.ts';
import type { SeededRandom } from './seeded-random.ts';

/** A host that is to die at a point comes to it in time. */
const pointMs = 30_000;

export interface HostLifeOptions {
  readonly random: SeededRandom;
  readonly start: Order & { readonly kind: 'start' };
  /** As {@link HostProcess} has them. */
  readonly variables: NodeJS.ProcessEnv;
  /** `null` to let it finish, and when it dies by itself. */
  readonly kill: KillMoment | null;
  /** Events to emit at first, all at once. */
  readonly again: readonly LoadEvent[];
  /** Events to emit then, some at a time. */
  readonly fresh: readonly LoadEvent[];
  /** After some events, the next follow when so many deliveries for each of them had their 200. */
  readonly deliveriesPerEvent: number;
  /** Whether the recipients are in the file, so that events find them before the host has declared them again. */
  readonly isDeclared: boolean;
  readonly hear: (report: Report) => void;
}

/** One host process from its start to its end: gives it events at the pace of its deliveries, and kills it at its moment. */
export class HostLife {
  /** Resolves when the process was killed as planned, or has finished; rejects when it is in trouble or ended in any other way. */
  readonly ended: Promise<void>;
  /** From the beginning of the start to the first request; `null` as long as there was none. */
  recoveryMs: number | null = null;
  readonly #options: HostLifeOptions;
  readonly #process: HostProcess;
  readonly #underWay = new Set<string>();
  #fresh = 0;
  #deliveriesToWaitFor = 0;
  #startingAt = 0;
  #toNotice: number;
  #timer: NodeJS.Timeout | undefined;
  #isKilled = false;
  #trouble = '';
  #hasFinished = false;

  constructor(options: HostLifeOptions) {
    const { kill, start, variables } = options;
    const { dies } = start;
    this.#options = options;
    this.#toNotice = kill?.count ?? 0;
    this.#process = new HostProcess((report) => this.#heard(report), variables);
    this.#process.order(start);
    if (dies !== undefined)
      this.#timer = setTimeout(() => this.#fail(`it did not come to where ${dies.point}`), pointMs);
    this.ended = this.#end();
  }

  /** How many of the fresh events it was given to emit. */
  get emitted(): number {
    return this.#fresh;
  }

  /** How many emits have not been acknowledged (yet). */
  get underWay(): number {
    return this.#underWay.size;
  }

  kill(): void {
    this.#isKilled = true;
    clearTimeout(this.#timer);
    this.#process.kill();
  }

  #fail(trouble: string): void {
    this.#trouble = trouble;
    this.kill();
  }

  /** One of its requests has reached a receiver. */
  requestBegan({ beganAt }: ObservedRequest): void {
    this.recoveryMs ??= beganAt - this.#startingAt;
    this.#noticed('request');
  }

  /** One of its requests was answered. */
  requestAnswered({ answer }: ObservedRequest): void {
    if (answer?.status !== 200) return;
    this.#noticed('delivery');
    this.#deliveriesToWaitFor -= 1;
    if (this.#deliveriesToWaitFor === 0) this.#emitSome();
  }

  #heard(report: Report): void {
    this.#options.hear(report);
    switch (report.kind) {
      case 'starting':
        this.#startingAt = systemClock.steady();
        if (this.#options.isDeclared) this.#emitFirst();
        this.#noticed('starting');
        break;
      case 'started':
        if (!this.#options.isDeclared) this.#emitFirst();
        this.#noticed('started');
        break;
      case 'acknowledged':
        this.#underWay.delete(report.id);
        this.#noticed('acknowledgement');
        this.#finishIfDone();
        break;
      case 'trouble':
        this.#fail(report.what);
        break;
      case 'finished':
        this.#hasFinished = true;
        break;
      case 'recorded':
      case 'alert':
        break;
    }
  }

  #emitFirst(): void {
    const { kill, again } = this.#options;
    if (kill?.emits === false) return;
    this.#emit(again);
    this.#emitSome();
    this.#finishIfDone();
  }

  #emitSome(): void {
    const { fresh, random, deliveriesPerEvent } = this.#options;
    const some = fresh.slice(this.#fresh, this.#fresh + random.between(1, largestEmit));
    this.#fresh += some.length;
    this.#deliveriesToWaitFor = Math.ceil(some.length * deliveriesPerEvent);
    this.#emit(some);
  }

  #emit(events: readonly LoadEvent[]): void {
    for (const { id } of events) this.#underWay.add(id);
    if (events.length === 0) return;
    this.#process.order({ kind: 'emit', events });
    this.#noticed('emit');
  }

  #finishIfDone(): void {
    const { kill, fresh } = this.#options;
    if (
      kill === null &&
      this.#underWay.size === 0 &&
      this.#options.start.dies === undefined &&
      this.#fresh === fresh.length
    ) {
      this.#process.order({ kind: 'finish' });
    }
  }

  #noticed(incident: Incident): void {
    const { kill } = this.#options;
    if (kill?.incident !== incident) return;
    this.#toNotice -= 1;
    if (this.#toNotice !== 0) return;
    if (kill.ms === 0) this.kill();
    else this.#timer = setTimeout(() => this.kill(), kill.ms);
  }

  async #end(): Promise<void> {
    const { code, signal, stderr } = await this.#process.ended;
    clearTimeout(this.#timer);
    if (this.#trouble !== '') throw new Error(`The host is in trouble: ${this.#trouble}`);
    if (this.#isKilled || (this.#hasFinished && code === 0)) return;
    if (this.#options.start.dies !== undefined && signal === 'SIGKILL') return;
    throw new Error(`The host ended by itself (code ${code}, signal ${signal}): ${stderr}`);
  }
}
