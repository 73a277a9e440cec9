import { setTimeout as wait } from 'node:timers/promises';
import { onTestFinished } from 'vitest';
import { systemClock } from '../../../src/index.ts';
import type { History } from '../../reliability/history.ts';
import { SeededRandom } from '../../reliability/seeded-random.ts';
import { ownDatabase } from '../hosts.ts';
import { declareRecipients } from './declare-recipients.ts';
import type { Comeback } from './late-repetitions.ts';
import { Member } from './member.ts';
import { Observer, type ObserverOptions } from './observer.ts';
import { QueueWatch } from './queue-watch.ts';
import type { Outage } from './takeovers.ts';

export interface FleetOptions extends ObserverOptions {
  /** For each process, what variables it is started with. */
  readonly members: readonly NodeJS.ProcessEnv[];
  readonly leaseMs: number;
}

/** Several processes that emit and deliver together over one database. */
export class Fleet {
  /** Those who were killed or paused, in this order. */
  readonly outages: Outage[] = [];
  /** Those who went on after a pause. */
  readonly comebacks: Comeback[] = [];
  readonly members: readonly Member[];
  readonly watch: QueueWatch;
  readonly #observer: Observer;

  private constructor(members: readonly Member[], watch: QueueWatch, observer: Observer) {
    this.members = members;
    this.watch = watch;
    this.#observer = observer;
  }

  /** Everything ends with the test. */
  static async start(options: FleetOptions): Promise<Fleet> {
    const database = await ownDatabase();
    const members: Member[] = [];
    const observer = new Observer(options, () => {
      for (const member of members) member.emitSome();
    });
    const { receivers, emission, lives } = observer;
    onTestFinished(async () => {
      await Promise.all(members.map((member) => member.kill()));
      await receivers.close();
    });
    await receivers.listen();
    const recipients = options.recipients.map((one) => ({ ...one, url: receivers.url(one.id) }));
    await declareRecipients(database, recipients);
    const watch = new QueueWatch(database.pool({ max: 2 }));
    await watch.begin();
    onTestFinished(async ({ task }) => {
      if (task.result?.state !== 'fail') return;
      const described = members.map((member) => member.describe());
      console.log('state at the end', { ...observer.describe(), members: described, ...(await watch.state()) });
    });
    for (const [index, env] of options.members.entries()) {
      const name = `member-${index + 1}`;
      const member = new Member({
        name,
        database: database.config,
        start: { recipients, leaseDuration: options.leaseMs },
        env,
        random: new SeededRandom(options.seed - index - 1),
        next: () => emission.next(name, observer.deliveries),
        hear: (report) => observer.hear(report),
      });
      members.push(member);
      member.start(lives.begin());
    }
    return new Fleet(members, watch, observer);
  }

  /** How many deliveries have had their 200, repetitions included. */
  get deliveries(): number {
    return this.#observer.deliveries;
  }

  /** Resolves when so many deliveries have had their 200, repetitions included. */
  async answered(count: number): Promise<void> {
    await this.#observer.answered(count);
  }

  /** `kill -9`, and a new process in its place. */
  async replace(member: Member): Promise<void> {
    const session = await this.watch.sessionOf(member.mark);
    const at = systemClock.steady();
    const ended = member.kill();
    await this.#note(member, session, at);
    await ended;
    member.start(this.#observer.lives.begin());
  }

  /** Has a process stand still. */
  async pause(member: Member): Promise<void> {
    const session = await this.watch.sessionOf(member.mark);
    const at = systemClock.steady();
    member.pause();
    await this.#note(member, session, at);
  }

  async #note({ mark }: Member, session: number | null, at: number): Promise<void> {
    const { lives } = this.#observer;
    lives.end(mark, at);
    const held = await this.watch.heldBy(session);
    const orphans = held.filter(({ queued }) => queued > 0).map(({ recipientId }) => recipientId);
    this.outages.push({ life: lives.of(mark), at, orphans });
  }

  /** Has a process go on that was paused. Resolves when every process works on so many queues at least. */
  async resume(member: Member, share: number): Promise<void> {
    const { lives } = this.#observer;
    lives.goOn(member.mark);
    member.resume();
    await this.allHold(share);
    this.comebacks.push({ life: lives.of(member.mark), until: systemClock.steady() });
  }

  /** Resolves when nothing is left that the process of a member holds: while it stands still, when all is taken over. */
  async holdsNothing(member: Member): Promise<void> {
    const session = await this.watch.sessionOf(member.mark);
    await this.#until(async () => (await this.watch.heldBy(session)).length === 0);
  }

  /** Resolves when every process works on so many queues at least. */
  async allHold(queues: number): Promise<void> {
    await this.#until(async () => {
      const shares = await this.watch.shares();
      return shares.length === this.members.length && shares.every((share) => share >= queues);
    });
  }

  /** Has everything delivered that was emitted. */
  async drain(): Promise<void> {
    const { emission } = this.#observer;
    emission.close();
    await this.#until(async () => emission.isDone && (await this.watch.waiting()) === 0);
  }

  /** Has everything delivered that was emitted, and the processes end. Resolves with all that was seen. */
  async finish(): Promise<History> {
    await this.drain();
    await this.#observer.unlessTrouble(Promise.all(this.members.map((member) => member.finish())));
    return this.#observer.history();
  }

  /** Looks now and then only: the processes need the machine. */
  async #until(isTrue: () => Promise<boolean>): Promise<void> {
    while (!(await this.#observer.unlessTrouble(isTrue()))) await wait(20);
  }
}
