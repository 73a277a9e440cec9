// Before a run begins: what is loaded in one takes a time that no seed decides.
import 'p-retry';
import { defineEvents, event } from '../../src/core/catalog.ts';
import type { Relay } from '../../src/core/transport.ts';
import { OutboundEvents } from '../../src/outbound-events.ts';
import type { Figures } from '../reliability/checker.ts';
import { SeededRandom } from '../reliability/seeded-random.ts';
import type { SentAlert } from './alert-rules.ts';
import { type Emission, judge } from './judge.ts';
import { beginning, drawScenario, type Incident, type Scenario } from './scenario.ts';
import { SimulatedProcess } from './simulated-process.ts';
import { SimulatedReceivers } from './simulated-receivers.ts';
import { SimulatedStorage, type StorageBug } from './simulated-storage.ts';
import { VirtualTime } from './virtual-time.ts';

const dayMs = 24 * 3_600_000;
const catalogOf = (types: readonly string[]) =>
  defineEvents(Object.fromEntries(types.map((type) => [type, event<{ number: number }>()])));

export interface Simulated {
  /** What broke the promise. */
  readonly wrong: readonly string[];
  readonly figures: Figures;
  readonly days: number;
  /** The same for the same seed. */
  readonly hash: string;
}

/** A place for a process, which has one life after the other. */
interface Member {
  readonly name: string;
  life: Life | null;
  todo: Emission[];
  underWay: readonly Emission[];
  isStopping: boolean;
  /** Stands still from the moment it begins its next attempt on. */
  pausesAtAttempt: boolean;
}

interface Life {
  readonly process: SimulatedProcess;
  readonly outbound: OutboundEvents<ReturnType<typeof catalogOf>>;
  number: number;
}

export interface SimulationOptions {
  readonly bug?: StorageBug | undefined;
  /** Default: drawn, too. */
  readonly processes?: number | undefined;
}

/** Runs the whole library, all that it works with being simulated, with everything drawn from one seed. */
export async function simulate(seed: number, options: SimulationOptions = {}): Promise<Simulated> {
  return new Simulation(new SeededRandom(seed), options).run();
}

class Simulation {
  readonly #random: SeededRandom;
  readonly #scenario: Scenario;
  readonly #time = new VirtualTime(beginning);
  readonly #storage: SimulatedStorage;
  readonly #receivers: SimulatedReceivers;
  readonly #members: readonly Member[];
  readonly #emissions: Emission[] = [];
  readonly #alerts: SentAlert[] = [];
  readonly #toldDrops: string[] = [];
  readonly #ends = new Map<number, number>();
  readonly #wrong: string[] = [];
  #lives = 0;
  #isCalm = false;

  constructor(random: SeededRandom, { bug, processes: processesGiven }: SimulationOptions) {
    this.#random = random;
    this.#scenario = drawScenario(random, processesGiven);
    const { storageFaults, receiverFaults, recipients, processes } = this.#scenario;
    const common = { time: this.#time, random, isCalm: () => this.#isCalm };
    this.#storage = new SimulatedStorage({
      ...common,
      faults: storageFaults,
      bug,
      dispossessed: (process) => this.#renumber(process),
      gaveBack: (process) => this.#gaveBack(process),
    });
    this.#receivers = new SimulatedReceivers({
      ...common,
      faults: receiverFaults,
      began: (process) => this.#began(process),
      isHeldBy: (process, recipientId) => this.#storage.isHeldBy(process, recipientId),
      outages: new Map(recipients.map(({ id, outages }) => [id, outages])),
    });
    this.#members = Array.from({ length: processes }, (_, index) => ({
      name: `member-${index + 1}`,
      life: null,
      todo: [],
      underWay: [],
      isStopping: false,
      pausesAtAttempt: false,
    }));
  }

  async run(): Promise<Simulated> {
    const realTimers = this.#replaceTimers();
    try {
      await this.#declareRecipients();
      let isOver = false;
      const script = this.#script().finally(() => {
        isOver = true;
      });
      await this.#time.run(() => isOver);
      if (!isOver) this.#wrong.push('nothing is left that could go on');
      else await script;
      return await this.#judge();
    } finally {
      Object.assign(globalThis, realTimers);
    }
  }

  /** p-retry waits with the timers of the system. */
  #replaceTimers(): Pick<typeof globalThis, 'setTimeout' | 'clearTimeout'> {
    const { setTimeout, clearTimeout } = globalThis;
    Object.assign(globalThis, {
      setTimeout: (callback: () => void, delayMs: number) => {
        const cancel = this.#time.after(delayMs, callback);
        return { cancel, unref: () => {} };
      },
      clearTimeout: (timer?: { readonly cancel: () => void }) => timer?.cancel(),
    });
    return { setTimeout, clearTimeout };
  }

  async #declareRecipients(): Promise<void> {
    const { types, recipients } = this.#scenario;
    const process = new SimulatedProcess(this.#time, 0);
    const { content } = this.#storage;
    const http = this.#receivers.connect({ process, number: 0 });
    const outbound = new OutboundEvents({
      events: catalogOf(types),
      storage: content,
      clock: process,
      transports: { http, relay: this.#relay(process) },
    });
    for (const { id, types: events, retry, alerts } of recipients) {
      await outbound.addHttpRecipient({ id, name: id, url: 'https://example.com/', events, retry, alerts });
    }
  }

  async #script(): Promise<void> {
    const { lastsMs, events, types, incidents } = this.#scenario;
    for (const member of this.#members) this.#begin(member);
    for (let number = 1; number <= events; number += 1) {
      const type = types[this.#random.between(0, types.length - 1)] as string;
      const member = this.#anyMember();
      this.#time.after(this.#random.between(0, lastsMs), () => {
        const emission = { number, type, acknowledged: false, emitter: member.name };
        this.#emissions.push(emission);
        member.todo.push(emission);
        this.#emit(member);
      });
    }
    for (const { at, what } of incidents) this.#time.after(at - beginning, () => this.#happen(what));
    await this.#time.wait(lastsMs);
    this.#isCalm = true;
    for (const member of this.#members) this.#wake(member);
    await this.#allDelivered();
    for (const member of this.#members) await this.#stop(member);
  }

  #anyMember(): Member {
    return this.#members[this.#random.between(0, this.#members.length - 1)] as Member;
  }

  #begin(member: Member): void {
    const { types, clocksApartMs, leaseMs } = this.#scenario;
    const aheadMs = this.#random.between(-clocksApartMs, clocksApartMs);
    const process = new SimulatedProcess(this.#time, aheadMs);
    this.#lives += 1;
    const identity = { process, number: this.#lives };
    const outbound = new OutboundEvents({
      events: catalogOf(types),
      storage: this.#storage.connect(process),
      clock: process,
      transports: { http: this.#receivers.connect(identity), relay: this.#relay(process) },
      leaseDuration: leaseMs,
      stopTimeout: 10_000,
    });
    outbound.on('error', () => {});
    outbound.on('delivered', (told) => this.#receivers.recorded(told));
    outbound.on('retrying', (told) => this.#receivers.recorded(told));
    outbound.on('dropped', (told) => {
      this.#receivers.recorded(told);
      this.#toldDrops.push(`${told.recipientId} ${told.sequence}`);
    });
    const life: Life = Object.assign(identity, { outbound });
    member.life = life;
    void this.#startWhenPossible(member, life);
    this.#emit(member);
  }

  async #startWhenPossible(member: Member, life: Life): Promise<void> {
    while (member.life === life && !member.isStopping) {
      try {
        await life.outbound.start();
        return;
      } catch {
        await this.#time.wait(1_000);
      }
    }
  }

  #relay(process: SimulatedProcess): Relay {
    return {
      probe: async () => 'OK',
      sendAlert: (mail) => {
        const accepted = this.#isCalm || !this.#random.percent(this.#scenario.relayTrouble);
        if (accepted) this.#alerts.push({ id: mail.id, at: this.#time.now });
        const answer = Promise.withResolvers<{ accepted: boolean; relay: string }>();
        const relay = accepted ? 'OK' : '451 later';
        this.#time.after(this.#random.between(1, 500), () => process.reach(() => answer.resolve({ accepted, relay })));
        return answer.promise;
      },
    };
  }

  /** Emits what is to be emitted, some at a time; again what was not acknowledged. */
  #emit(member: Member): void {
    const { life } = member;
    if (life === null || member.isStopping || member.underWay.length > 0 || member.todo.length === 0) return;
    const some = member.todo.splice(0, this.#random.between(1, 5));
    member.underWay = some;
    const emitted = some.map((emission) => this.#emitOne(life, emission));
    void Promise.allSettled(emitted).then(async () => {
      if (member.life !== life) return;
      member.underWay = [];
      const again = some.filter(({ acknowledged }) => !acknowledged);
      if (again.length > 0) {
        this.#putBack(member, again);
        await this.#time.wait(this.#random.between(100, 5_000));
      }
      if (member.life === life) this.#emit(member);
    });
  }

  async #emitOne({ outbound }: Life, emission: Emission): Promise<void> {
    const { number, type } = emission;
    await outbound.emit(type, { number }, { id: `event-${number}` });
    emission.acknowledged = true;
  }

  /** Emitted again later than others that were called after it: its place is nobody's fault. */
  #putBack(member: Member, emissions: readonly Emission[]): void {
    for (const emission of emissions) emission.emitter = `event-${emission.number}`;
    member.todo.unshift(...emissions);
  }

  #happen(what: Incident): void {
    if (this.#isCalm) return;
    const member = this.#anyMember();
    switch (what) {
      case 'crash':
        this.#end(member);
        break;
      case 'pause':
        if (this.#random.percent(50)) this.#pause(member);
        else member.pausesAtAttempt = true;
        break;
      case 'stop':
        void this.#stop(member).then(() => this.#beginSoon(member));
        break;
      case 'jump':
        member.life?.process.jump(this.#random.between(-400, 400) * dayMs);
        break;
      case 'storage crash':
        this.#storage.crash(this.#random.between(0, 60_000));
        break;
    }
  }

  #end(member: Member): void {
    const { life } = member;
    if (life === null || member.isStopping) return;
    life.process.end();
    this.#over(member, life);
    this.#beginSoon(member);
  }

  #over(member: Member, life: Life): void {
    this.#ends.set(life.number, this.#time.now);
    member.life = null;
    this.#putBack(
      member,
      member.underWay.filter(({ acknowledged }) => !acknowledged),
    );
    member.underWay = [];
  }

  #beginSoon(member: Member): void {
    this.#time.after(this.#random.between(100, 60_000), () => {
      if (member.life === null) this.#begin(member);
    });
  }

  #pause(member: Member): void {
    const { life } = member;
    if (life === null || member.isStopping || !life.process.runs) return;
    life.process.pause();
    this.#ends.set(life.number, this.#time.now);
    this.#time.after(this.#random.between(100, 3 * this.#scenario.leaseMs), () => this.#wake(member));
  }

  /** A stop that waits no longer aborts what is under way, and gives its leases back. */
  #gaveBack(process: SimulatedProcess): void {
    if (this.#members.some(({ life, isStopping }) => isStopping && life?.process === process)) this.#renumber(process);
  }

  /** A lease that ran out is like an end for what was under way. */
  #renumber(process: SimulatedProcess): void {
    const life = this.#members.find((member) => member.life?.process === process)?.life ?? null;
    if (life === null) return;
    if (process.runs) this.#ends.set(life.number, this.#time.now);
    this.#lives += 1;
    life.number = this.#lives;
    if (!process.runs) this.#ends.set(life.number, this.#time.now);
  }

  #began(process: SimulatedProcess): void {
    const member = this.#members.find(({ life, pausesAtAttempt }) => pausesAtAttempt && life?.process === process);
    if (member === undefined || this.#isCalm) return;
    member.pausesAtAttempt = false;
    this.#pause(member);
  }

  #wake({ life }: Member): void {
    if (life === null || life.process.runs) return;
    this.#lives += 1;
    life.number = this.#lives;
    life.process.goOn();
  }

  async #stop(member: Member): Promise<void> {
    const { life } = member;
    if (life === null || member.isStopping || !life.process.runs) return;
    member.isStopping = true;
    const begun = this.#time.now;
    const late = Promise.withResolvers<'late'>();
    const cancel = this.#time.after(30_000, () => late.resolve('late'));
    const ended = await Promise.race([life.outbound.stop(), late.promise]);
    cancel();
    if (ended === 'late') this.#wrong.push(`stop() had not ended after ${this.#time.now - begun} ms`);
    life.process.end();
    member.isStopping = false;
    this.#over(member, life);
  }

  async #allDelivered(): Promise<void> {
    const { recipients, leaseMs, events } = this.#scenario;
    const longest = Math.max(...recipients.map(({ retry }) => retry.interval));
    const until = this.#time.now + longest + 2 * leaseMs + 10 * 60_000 + events * 1_000;
    while (!(await this.#isDone())) {
      if (this.#time.now > until) {
        this.#wrong.push('when all is well again, not everything is delivered');
        return;
      }
      await this.#time.wait(1_000);
    }
  }

  async #isDone(): Promise<boolean> {
    if (this.#members.some(({ todo, underWay }) => todo.length + underWay.length > 0)) return false;
    return (await this.#storage.content.stats()).every(({ queued }) => queued === 0);
  }

  async #judge(): Promise<Simulated> {
    const { content, dropTimes } = this.#storage;
    const drops = await content.listDropped({ limit: 10_000 });
    const judgement = judge({
      recipients: this.#scenario.recipients,
      emissions: this.#emissions,
      requests: this.#receivers.requests,
      unheld: this.#receivers.unheld,
      // Not `droppedAt`, which is by the clock of the process.
      drops: drops.map((drop) => ({ ...drop, at: dropTimes.get(`${drop.recipientId} ${drop.sequence}`) ?? 0 })),
      toldDrops: this.#toldDrops,
      alerts: this.#alerts,
      ends: this.#ends,
    });
    const wrong = [...this.#wrong, ...judgement.wrong];
    return { ...judgement, wrong, days: (this.#time.now - beginning) / dayMs };
  }
}
