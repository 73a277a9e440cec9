import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { onTestFinished } from 'vitest';
import { type AlertMail, systemClock } from '../../src/index.ts';
import type { History, ObservedDrop } from './history.ts';
import { HostLife } from './host-life.ts';
import type { Order, Report } from './host-messages.ts';
import type { KillMoment } from './kill-moment.ts';
import type { KillPoint } from './kill-points.ts';
import { bodyHash, countTypes, type LoadEvent, type LoadRecipient, latencyMs, loadEvent } from './load.ts';
import type { PlantedBug } from './planted-bugs.ts';
import { Receivers } from './receivers.ts';
import { SeededRandom } from './seeded-random.ts';

export interface KillScenario {
  /** Decides over events, answers and their delays. */
  readonly seed: number;
  readonly kills: readonly (KillMoment | KillPoint)[];
  readonly events: number;
  readonly recipients: readonly LoadRecipient[];
  /** How a recipient answers, before the last kill and after it. */
  readonly status: (recipientId: string, random: SeededRandom, isLastLife: boolean) => number;
  readonly bug?: PlantedBug;
  readonly leaseDuration?: number | undefined;
  /** What variables each process is started with, the last one included; none besides. */
  readonly variables?: readonly NodeJS.ProcessEnv[];
}

/** All that was seen of a run. */
export interface KillRun {
  readonly history: History;
  readonly alerts: readonly ObservedAlert[];
  /** From the beginning of a start to the first request, of each process but the first. */
  readonly recoveriesMs: readonly number[];
  /** Kills with emits under way, and with requests under way. */
  readonly struck: { readonly emits: number; readonly requests: number };
  /** What SQLite says about the file in the end: `ok`. */
  readonly integrity: string;
  /** Deliveries that are in the file in the end. */
  readonly left: number;
}

export interface ObservedAlert extends AlertMail {
  readonly at: number;
}

/**
 * Has one host after the other emit and deliver with the same file, and kills each but the last, which delivers all that
 * waits. Each goes on where the acknowledgements ended: events that were not acknowledged are emitted again.
 */
export async function runKills(scenario: KillScenario): Promise<KillRun> {
  const directory = await mkdtemp(join(tmpdir(), 'outbound-events-'));
  const run = new Run(scenario, join(directory, 'events.db'));
  onTestFinished(async () => {
    await run.end();
    await rm(directory, { recursive: true });
  });
  return run.complete();
}

class Run {
  readonly #scenario: KillScenario;
  readonly #file: string;
  readonly #random: SeededRandom;
  readonly #events: readonly LoadEvent[];
  readonly #receivers: Receivers;
  readonly #acknowledged = new Set<string>();
  readonly #alerts: ObservedAlert[] = [];
  readonly #recoveriesMs: number[] = [];
  readonly #ends = new Map<number, number>();
  #life: HostLife | null = null;
  #lifeNumber = 0;
  #isLastLife = false;
  #isDeclared = false;
  /** How many events were handed to `emit`, from the first on. */
  #emitted = 0;
  #emitsStruck = 0;
  #hasEnded = false;
  #drops: readonly ObservedDrop[] = [];

  constructor(scenario: KillScenario, file: string) {
    const { seed, recipients, status } = scenario;
    this.#scenario = scenario;
    this.#file = file;
    this.#random = new SeededRandom(seed);
    const types = countTypes(recipients);
    this.#events = Array.from({ length: scenario.events }, (_, index) => loadEvent(index + 1, this.#random, types));
    const chances = new Map(recipients.map(({ id }, index) => [id, new SeededRandom(seed + index + 1)]));
    this.#receivers = new Receivers({
      lifeOf: () => this.#lifeNumber,
      answer: (recipientId) => {
        const random = chances.get(recipientId) as SeededRandom;
        return { status: status(recipientId, random, this.#isLastLife), delayMs: latencyMs(random) };
      },
      began: (request) => this.#life?.requestBegan(request),
      answered: (request) => this.#life?.requestAnswered(request),
    });
  }

  async complete(): Promise<KillRun> {
    const { kills } = this.#scenario;
    await this.#receivers.listen();
    for (const [index, kill] of kills.entries()) {
      const livesLeft = kills.length - index + 1;
      await this.#live(kill, Math.ceil((this.#events.length - this.#emitted) / livesLeft));
    }
    this.#isLastLife = true;
    await this.#live(null, this.#events.length);
    return {
      history: this.#history(),
      alerts: this.#alerts,
      recoveriesMs: this.#recoveriesMs,
      struck: { emits: this.#emitsStruck, requests: this.#requestsStruck() },
      ...inspect(this.#file),
    };
  }

  /** Leaves nothing behind, wherever it was. */
  async end(): Promise<void> {
    this.#hasEnded = true;
    this.#life?.kill();
    await this.#life?.ended.catch(() => {});
    await this.#receivers.close();
  }

  /** One process from its start to its end, with at most so many events that were not emitted before. */
  async #live(kill: KillMoment | KillPoint | null, share: number): Promise<void> {
    if (this.#hasEnded) throw new Error('The run was ended.');
    this.#lifeNumber += 1;
    const [moment, dies] = kill === null || 'incident' in kill ? [kill, undefined] : [null, kill];
    const life = new HostLife({
      random: this.#random,
      start: { ...this.#startOrder(), dies },
      variables: this.#scenario.variables?.[this.#lifeNumber - 1] ?? {},
      kill: moment,
      again: this.#events.slice(0, this.#emitted).filter(({ id }) => !this.#acknowledged.has(id)),
      fresh: this.#events.slice(this.#emitted, this.#emitted + share),
      // Half of those it has: what waits grows while a host emits.
      deliveriesPerEvent: this.#scenario.recipients.length / countTypes(this.#scenario.recipients) / 2,
      isDeclared: this.#isDeclared,
      hear: (report) => this.#heard(report),
    });
    this.#life = life;
    await life.ended;
    await this.#receivers.quiet();
    this.#ends.set(this.#lifeNumber, systemClock.steady());
    this.#emitted += life.emitted;
    if (life.underWay > 0) this.#emitsStruck += 1;
    if (this.#lifeNumber > 1 && life.recoveryMs !== null) this.#recoveriesMs.push(life.recoveryMs);
  }

  #startOrder(): Order & { readonly kind: 'start' } {
    const { recipients, bug = null, leaseDuration } = this.#scenario;
    const here = recipients.map((recipient) => ({
      ...recipient,
      // Each host changes what is stored of them.
      name: `${recipient.name}, ${this.#lifeNumber}`,
      url: this.#receivers.url(recipient.id),
    }));
    return { kind: 'start', storage: { file: this.#file }, bug, recipients: here, leaseDuration };
  }

  #heard(report: Report): void {
    switch (report.kind) {
      case 'started':
        this.#isDeclared = true;
        break;
      case 'acknowledged':
        this.#acknowledged.add(report.id);
        break;
      case 'recorded':
        this.#receivers.recorded(report);
        break;
      case 'alert':
        this.#alerts.push({ ...report.mail, at: systemClock.steady() });
        break;
      case 'finished':
        this.#drops = report.dropped.map(({ droppedAt, ...drop }) => ({ ...drop, at: droppedAt }));
        break;
      case 'starting':
      case 'trouble':
        break;
    }
  }

  #history(): History {
    const { recipients } = this.#scenario;
    return {
      recipients: recipients.map(({ id, retry }) => ({ id, retryIntervalMs: Number(retry?.interval) })),
      emits: this.#events.map((event) => ({
        eventId: event.id,
        emitter: 'host',
        acknowledged: this.#acknowledged.has(event.id),
        bodies: new Map(
          recipients
            .filter(({ events }) => events === event.type)
            .map(({ id, format }) => [id, bodyHash(event, format)]),
        ),
      })),
      requests: this.#receivers.requests,
      drops: this.#drops,
      ends: this.#ends,
      toleranceMs: 5,
    };
  }

  #requestsStruck(): number {
    return new Set(this.#receivers.requests.filter(({ answer }) => answer === null).map(({ life }) => life)).size;
  }
}

function inspect(file: string): Pick<KillRun, 'integrity' | 'left'> {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const { integrity_check: integrity } = database.prepare('PRAGMA integrity_check').get() as Record<string, string>;
    const { left } = database.prepare('SELECT count(*) AS left FROM deliveries').get() as { left: number };
    return { integrity: String(integrity), left };
  } finally {
    database.close();
  }
}
