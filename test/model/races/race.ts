import { MemoryStorage } from '../../../src/memory/memory-storage.ts';
import { ManualClock } from '../../../src/testing.ts';
import { Ledger } from './ledger.ts';
import { RacingHost } from './racing-host.ts';
import type { RacingContents } from './racing-storage.ts';
import { Scheduler } from './scheduler.ts';

/** One step of a race, as plain data. */
export type Move =
  /** One of all that waits (calls to begin, answers, news, attempts to end) goes on. */
  | { readonly do: 'go'; readonly which: number }
  | { readonly do: 'emit' | 'stop'; readonly process: number }
  | { readonly do: 'passTime'; readonly ms: number }
  | { readonly do: 'add'; readonly process: number; readonly recipient: number }
  | { readonly do: 'update'; readonly process: number; readonly recipient: number; readonly enabled: boolean }
  | { readonly do: 'remove'; readonly process: number; readonly recipient: number; readonly drops: boolean }
  /** The next attempts of a process fail. */
  | { readonly do: 'fail'; readonly process: number; readonly attempts: number };

export interface RacePlan {
  readonly processes: number;
  /** Whether the processes have started before the first move. */
  readonly calmStart: boolean;
  readonly moves: readonly Move[];
}

const recipientIds = ['crm', 'erp'] as const;

/** Rounds in which all must come to an end once nothing disturbs it any more. */
const lastRounds = 200;

/** Runs a race to its end. Throws when something happened on the way that must never happen. */
export async function runRace({ processes, calmStart, moves }: RacePlan): Promise<void> {
  const race = new Race(processes);
  await race.begin(calmStart);
  for (const move of moves) await race.make(move);
  await race.end();
  const { violations } = race.ledger;
  if (violations.length > 0) throw new Error(violations.slice(0, 5).join('\n'));
}

class Race {
  readonly #clock = new ManualClock();
  readonly ledger = new Ledger(this.#clock);
  readonly #scheduler = new Scheduler();
  readonly #contents: RacingContents;
  readonly #hosts: readonly RacingHost[];

  constructor(processes: number) {
    const memory = new MemoryStorage();
    this.#contents = {
      memory,
      scheduler: this.#scheduler,
      ledger: this.ledger,
      time: () => this.#clock.steady(),
      listeners: new Map(),
    };
    this.#hosts = Array.from({ length: processes }, (_, number) => this.#host(number));
  }

  #host(number: number): RacingHost {
    return new RacingHost(this.#contents, this.#clock, number);
  }

  async begin(calmStart: boolean): Promise<void> {
    await this.#contents.memory.open({ maxDeliveries: 1e6, maxBytes: 1e9 });
    for (const id of recipientIds) this.#hosts[0]?.add(id);
    await this.#scheduler.pickAll();
    for (const host of this.#hosts) host.start();
    if (calmStart) await this.#scheduler.pickAll();
  }

  async make(move: Move): Promise<void> {
    const host = 'process' in move ? (this.#hosts[move.process % this.#hosts.length] as RacingHost) : undefined;
    const id = 'recipient' in move ? (recipientIds[move.recipient] ?? 'crm') : 'crm';
    switch (move.do) {
      case 'go':
        return this.#scheduler.pick(move.which);
      case 'passTime':
        return this.#clock.advance(move.ms);
      case 'emit':
        return host?.emit();
      case 'stop':
        return host?.stop();
      case 'add':
        return host?.add(id);
      case 'update':
        return host?.update(id, move.enabled);
      case 'remove':
        return host?.remove(id, move.drops ? 'drop' : 'refuse');
      case 'fail':
        host?.transport.answers.push(...Array<boolean>(move.attempts).fill(false));
    }
  }

  /** Nothing fails any more: all that was accepted is delivered, everybody stops, and what is left goes to the next process. */
  async end(): Promise<void> {
    const running = this.#hosts.filter(({ stopped }) => stopped === null);
    for (const host of this.#hosts) host.transport.answers.length = 0;
    if (running.length > 0) await this.#deliverAll(running[0] as RacingHost);
    for (const host of this.#hosts) host.stop();
    await this.#until(() => this.#areStopped(this.#hosts), 'stop() does not end');

    const last = this.#host(this.#hosts.length);
    last.start();
    await this.#deliverAll(last);
    last.stop();
    await this.#until(() => this.#areStopped([last]), 'the last stop() does not end');
    if (this.#clock.pending > 0) this.ledger.accuse(`${this.#clock.pending} timers are left`);
    this.#compare();
  }

  async #deliverAll(host: RacingHost): Promise<void> {
    await this.#until(async () => isSettled(this.#hosts.map(({ asked }) => asked)), 'something is never answered');
    for (const id of recipientIds) host.update(id, true);
    await this.#until(async () => this.ledger.waiting.length === 0, 'what waits is not delivered');
  }

  async #areStopped(hosts: readonly RacingHost[]): Promise<boolean> {
    return isSettled(hosts.map(({ stopped }) => stopped));
  }

  async #until(isTrue: () => Promise<boolean>, otherwise: string): Promise<void> {
    for (let round = 0; round < lastRounds; round += 1) {
      await this.#scheduler.pickAll();
      if (await isTrue()) return;
      await this.#clock.advance(Math.max(0, (this.#clock.nextDueAt ?? 0) - this.#clock.steady()));
    }
    this.ledger.accuse(otherwise);
  }

  #compare(): void {
    const { delivered, dropped } = this.ledger;
    const settled = new Set([...delivered, ...dropped]);
    for (const host of this.#hosts) {
      for (const one of host.acknowledged) if (!settled.has(one)) this.ledger.accuse(`${one} is lost`);
    }
    for (const id of recipientIds) {
      for (const number of this.#hosts.keys()) {
        const order = this.ledger
          .eventIdsOf(id)
          .filter((eventId) => eventId.startsWith(`${number}-`))
          .map((eventId) => Number(eventId.slice(2)));
        if (order.some((n, index) => n <= (order[index - 1] ?? 0))) this.ledger.accuse(`${id} has ${order}`);
      }
    }
  }
}

async function isSettled(promises: readonly (Promise<unknown> | null)[]): Promise<boolean> {
  const pending = Symbol('pending');
  const all = Promise.allSettled(promises);
  return (await Promise.race([all, new Promise((resolve) => setImmediate(resolve, pending))])) !== pending;
}
