import type { Order, Report } from '../../reliability/host-messages.ts';
import { HostProcess } from '../../reliability/host-process.ts';
import { largestEmit } from '../../reliability/kill-moment.ts';
import type { LoadEvent } from '../../reliability/load.ts';
import type { SeededRandom } from '../../reliability/seeded-random.ts';
import type { DatabaseConfig } from '../server.ts';

export interface MemberOptions {
  readonly name: string;
  readonly database: DatabaseConfig;
  readonly start: Pick<Order & { readonly kind: 'start' }, 'recipients' | 'leaseDuration'>;
  /** As {@link HostProcess} has them. */
  readonly env: NodeJS.ProcessEnv;
  readonly random: SeededRandom;
  /** The next event to emit; `null` when there is none at the moment. */
  readonly next: () => LoadEvent | null;
  readonly hear: (report: Report) => void;
}

/**
 * One of the processes over a database. It emits its events in order, some at a time; after it was killed it begins with
 * those that were not acknowledged.
 */
export class Member {
  readonly #options: MemberOptions;
  readonly #underWay = new Map<string, LoadEvent>();
  #process: HostProcess | null = null;
  #isReady = false;
  #isEnding = false;
  #mark = '';

  constructor(options: MemberOptions) {
    this.#options = options;
  }

  /** What its process puts on its requests, and what its connections with the database are called. */
  get mark(): string {
    return this.#mark;
  }

  start(mark: string): void {
    const { database, start, env } = this.#options;
    const started = new HostProcess((report) => this.#heard(report, started), env);
    this.#mark = mark;
    this.#process = started;
    this.#isEnding = false;
    const storage = { database: { ...database, application_name: mark } };
    started.order({ kind: 'start', ...start, storage, bug: null, mark });
    void started.ended.then(({ code, signal, stderr }) => {
      const what = `${this.#options.name} ended by itself (code ${code}, signal ${signal}): ${stderr}`;
      if (!this.#isEnding) this.#options.hear({ kind: 'trouble', what });
    });
  }

  /** How it stands. */
  describe(): unknown {
    const [mark, isReady, isEnding] = [this.#mark, this.#isReady, this.#isEnding];
    return { mark, isReady, isEnding, pid: this.#process?.pid, underWay: [...this.#underWay.keys()] };
  }

  /** `kill -9`; resolves when nothing is left of its process. */
  async kill(): Promise<void> {
    this.#isEnding = true;
    this.#isReady = false;
    this.#process?.kill();
    await this.#process?.ended;
  }

  pause(): void {
    this.#process?.pause();
  }

  resume(): void {
    this.#process?.resume();
  }

  /** Has its process end once nothing waits. */
  async finish(): Promise<void> {
    this.#isEnding = true;
    this.#process?.order({ kind: 'finish' });
    await this.#process?.ended;
  }

  /** Emits the next events, if there are some, and none are under way. */
  emitSome(): void {
    if (!this.#isReady || this.#underWay.size > 0) return;
    const events: LoadEvent[] = [];
    for (let left = this.#options.random.between(1, largestEmit); left > 0; left -= 1) {
      const event = this.#options.next();
      if (event === null) break;
      events.push(event);
    }
    this.#emit(events);
  }

  #emit(events: readonly LoadEvent[]): void {
    if (events.length === 0) return;
    for (const event of events) this.#underWay.set(event.id, event);
    this.#process?.order({ kind: 'emit', events });
  }

  #heard(report: Report, from: HostProcess): void {
    this.#options.hear(report);
    if (report.kind === 'acknowledged') this.#underWay.delete(report.id);
    if (report.kind === 'starting' && from === this.#process) {
      this.#isReady = true;
      this.#emit([...this.#underWay.values()]);
    }
    this.emitSome();
  }
}
