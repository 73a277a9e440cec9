import type { LeaseRef, LeaseTimes, QueueStorage, StorageLimits } from '../../src/core/storage.ts';
import type { LimitsPlan } from './commands.ts';
import type { ModelSubject } from './model-subject.ts';
import { pick } from './names.ts';
import { withOwnCopies } from './own-copies.ts';
import { StorageModel } from './storage-model.ts';

/** A process that has the storage open; its number stays when it is opened again. */
export interface ModelProcess {
  readonly number: number;
  readonly storage: QueueStorage;
  readonly limits: StorageLimits;
  /** How often it was opened before: other lives, other holders. */
  readonly life: number;
}

const roomy: LimitsPlan = { maxDeliveries: 1e6, maxBytes: 1e9 };

/** One run: the storage as its processes have it, and the model of it. */
export class World {
  readonly subject: ModelSubject;
  readonly #scribbles: boolean;
  readonly #processes: ModelProcess[] = [];
  /** Every lease that was ever given, and one that never was. */
  readonly #leases: LeaseRef[] = [{ recipientId: 'crm', fence: 2 ** 40 }];
  model = new StorageModel();
  now = Date.UTC(2026, 0, 1);

  private constructor(subject: ModelSubject, scribbles: boolean) {
    this.subject = subject;
    this.#scribbles = scribbles;
  }

  /** With so many processes, and two recipients. */
  static async begin(subject: ModelSubject, processes: number, scribbles: boolean): Promise<World> {
    const world = new World(subject, scribbles);
    for (let number = 0; number < processes; number += 1) {
      const storage = number === 0 ? subject.storage : await subject.another?.();
      if (storage === undefined) throw new Error('a subject for several processes has `another`');
      await world.#open(number, storage, roomy, 0);
    }
    for (const id of ['crm', 'erp']) {
      const record = { id, settings: '{}' };
      await world.process(0).storage.saveRecipient(record);
      world.model.saveRecipient(record);
    }
    return world;
  }

  process(number: number): ModelProcess {
    return pick(this.#processes, number);
  }

  get processes(): readonly ModelProcess[] {
    return this.#processes;
  }

  /** Makes a call with what is given: as it is, or with copies that are overwritten, where this run does that. */
  ask<const Given, Answer>(given: Given, call: (given: Given) => Promise<Answer>): Promise<Answer> {
    return this.#scribbles ? withOwnCopies(given, call) : call(given);
  }

  /** What was given to whomever; and a lease of one recipient may be shown for another. */
  gave(leases: readonly LeaseRef[]): void {
    const [first] = leases;
    this.#leases.push(...leases.map(({ recipientId, fence }) => ({ recipientId, fence })));
    if (first !== undefined) this.#leases.push({ ...first, recipientId: first.recipientId === 'crm' ? 'erp' : 'crm' });
  }

  /** One of all leases ever, but for those of which nobody says whether they are still good. */
  lease(number: number): LeaseRef {
    return pick(
      this.#leases.filter((ref) => !this.model.leases.isUncertain(ref)),
      number,
    );
  }

  lasting(ms: number): LeaseTimes {
    return { now: this.now, expiresAt: this.now + ms };
  }

  /** The next process of this number, when the one before has ended. */
  async openNext({ number, life }: ModelProcess, limits: LimitsPlan): Promise<void> {
    this.endLeases(number);
    await this.#open(number, await this.subject.reopen(), limits, life + 1);
  }

  endLeases(process: number): void {
    if (!this.subject.keepsLeases) this.model.leases.endProcess(process);
  }

  async #open(number: number, storage: QueueStorage, limits: LimitsPlan, life: number): Promise<void> {
    const given = tried(limits, this.subject.exactLimits);
    await storage.open(given);
    this.#processes[number] = { number, storage, limits: given, life };
  }

  /** Closes every storage. */
  async end(): Promise<void> {
    for (const { storage } of this.#processes) await storage.close();
    await this.subject.dispose();
  }
}

function tried(limits: LimitsPlan, exact: ModelSubject['exactLimits'] = 'deliveries'): StorageLimits {
  switch (exact) {
    case 'all':
      return limits;
    case 'deliveries':
      return { ...limits, maxBytes: roomy.maxBytes };
    case 'none':
      return roomy;
  }
}
