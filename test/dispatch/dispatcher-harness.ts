import type { Recipient } from '../../src/core/recipient.ts';
import type { ClaimRequest, LeaseRef, LeaseTimes, Settlement } from '../../src/core/storage.ts';
import type { Relay } from '../../src/core/transport.ts';
import { Dispatcher } from '../../src/dispatch/dispatcher.ts';
import { MemoryStorage } from '../../src/memory/memory-storage.ts';
import { httpRecipient, ManualClock, RecordingRelay, ScriptedTransport, storedEvent } from '../../src/testing.ts';
import { hour, minute } from './harness.ts';

type Call = 'announce' | 'claim' | 'renew' | 'release' | 'read' | 'settle' | 'removeRecipient' | 'stats';

interface Situation {
  /** The recipients that there are. */
  readonly ids?: readonly string[];
  readonly relay?: Relay | null;
  readonly concurrency?: number;
}

/** Every half of it leases are renewed. */
export const leaseDuration = minute;

/** What would make a loop that does not end. */
const mostCalls = 1_000;

/**
 * Says what it is asked, but for reading. Before it answers, it does what a test has scripted for the call: fails, waits, or
 * is changed by others.
 */
class ScriptedStorage extends MemoryStorage {
  readonly before: { [Name in Call]?: (() => unknown) | undefined } = {};
  readonly #calls: string[] = [];
  #count = 0;

  /** What was asked since the last time. */
  asked(): readonly string[] {
    return this.#calls.splice(0);
  }

  override async announce(holder: string, times: LeaseTimes) {
    await this.#ask('announce', [holder]);
    return super.announce(holder, times);
  }

  override async claim(request: ClaimRequest) {
    await this.#ask('claim', request.recipientIds);
    return super.claim(request);
  }

  override async renew(leases: readonly LeaseRef[], times: LeaseTimes) {
    await this.#ask('renew', idsOf(leases));
    return super.renew(leases, times);
  }

  override async release(leases: readonly LeaseRef[]) {
    await this.#ask('release', idsOf(leases));
    return super.release(leases);
  }

  override async read(lease: LeaseRef, limit: number, maxBytes: number) {
    await this.before.read?.();
    return super.read(lease, limit, maxBytes);
  }

  override async settle(settlements: readonly Settlement[]) {
    await this.#ask('settle', idsOf(settlements));
    return super.settle(settlements);
  }

  override async removeRecipient(id: string) {
    await this.#ask('removeRecipient', [id]);
    return super.removeRecipient(id);
  }

  override async stats(id?: string) {
    await this.before.stats?.();
    return super.stats(id);
  }

  async #ask(call: Call, ids: readonly string[] = []): Promise<void> {
    this.#count += 1;
    if (this.#count > mostCalls) throw new Error('asked again and again');
    this.#calls.push(`${call} ${ids.join()}`);
    await this.before[call]?.();
  }
}

/**
 * A dispatcher, not started yet, of the process `me` over a storage in memory, which another process shares: what that one
 * does is in `others`, and is not part of what the storage was asked.
 */
export async function setUp({ ids = ['crm'], concurrency = 10, ...situation }: Situation = {}) {
  const clock = new ManualClock();
  const storage = new ScriptedStorage();
  await storage.open({ maxDeliveries: 1_000, maxBytes: 1_000_000 });
  const recipients = new Map<string, Recipient>();
  const save = async (recipient: Recipient): Promise<void> => {
    await storage.saveRecipient({ id: recipient.id, settings: '{}' });
    recipients.set(recipient.id, recipient);
  };
  for (const id of ids) await save(httpRecipient({ id }));
  const transport = new ScriptedTransport({ clock });
  const { relay = new RecordingRelay({ clock }) } = situation;
  const heard: string[] = [];
  const relaySaid: string[] = [];
  const dispatcher = new Dispatcher({
    holder: 'me',
    storage,
    clock,
    concurrency,
    leaseDuration,
    tell: (name, payload) => {
      const who = 'recipientId' in payload ? payload.recipientId : '';
      const which = 'sequence' in payload ? ` ${payload.sequence}` : '';
      const what = payload instanceof Error ? `${payload.code}: ${payload.message}` : `${who}${which}`;
      heard.push(`${name} ${what}`);
    },
    recipients,
    transport,
    relay,
    relayAnswered: (answer) => relaySaid.push(answer),
  });
  const times = (duration: number): LeaseTimes => ({ now: clock.steady(), expiresAt: clock.steady() + duration });
  const othersLeases = new Map<string, LeaseRef>();
  const others = {
    /** Takes a queue, whoever has it, for longer than a test takes. */
    take: async (id: string): Promise<void> => {
      const request = { holder: 'other', limit: 1, recipientIds: [id], evenIfHeld: true, ...times(1_000 * hour) };
      for (const lease of await MemoryStorage.prototype.claim.call(storage, request)) othersLeases.set(id, lease);
    },
    /** Removes a recipient, drops what waits for it, and adds it again. */
    replace: async (id: string): Promise<void> => {
      await others.take(id);
      const lease = { recipientId: id, fence: othersLeases.get(id)?.fence ?? 0 };
      const settlement = { ...lease, through: Number.MAX_SAFE_INTEGER, dropped: [], state: undefined };
      await MemoryStorage.prototype.settle.call(storage, [settlement]);
      await MemoryStorage.prototype.removeRecipient.call(storage, id);
      await storage.saveRecipient({ id, settings: '{}' });
    },
    giveBack: async (id: string): Promise<void> => {
      const lease = othersLeases.get(id);
      if (lease !== undefined) await MemoryStorage.prototype.release.call(storage, [lease]);
    },
    /** Is there for its share, or takes its leave. */
    come: () => MemoryStorage.prototype.announce.call(storage, 'other', times(1_000 * hour)),
    go: () => MemoryStorage.prototype.announce.call(storage, 'other', times(0)),
  };
  let events = 0;
  let seen = 0;
  /** An event for these that this process does not know of yet. */
  const append = async (...recipientIds: readonly string[]): Promise<void> => {
    events += 1;
    await storage.append([{ event: storedEvent({ id: `event-${events}` }), recipientIds }], { forgetBefore: 0 });
  };
  return {
    dispatcher,
    clock,
    storage,
    recipients,
    transport,
    relaySaid,
    others,
    save,
    append,
    emit: async (...recipientIds: readonly string[]): Promise<void> => {
      await append(...recipientIds);
      dispatcher.wake(recipientIds);
      await clock.advance(0);
    },
    /** The attempts since the last time, by the sequence numbers of their deliveries. */
    sent: (): readonly string[] => {
      const { attempts } = transport;
      const fresh = attempts.slice(seen).map(({ recipientId, sequence }) => `${recipientId} ${sequence}`);
      seen = attempts.length;
      return fresh;
    },
    /** How the attempts so far ended: by an outcome or an error; `null` while they are open. */
    results: (): readonly (string | null)[] =>
      transport.attempts.map(({ result }) => result && ('error' in result ? result.error.code : result.outcome)),
    /** What was told since the last time. */
    told: (): readonly string[] => heard.splice(0),
  };
}

/** Something that is seen to have ended, and how. */
export function watch(promise: Promise<unknown>) {
  const ended: unknown[] = [];
  promise.then(
    (result) => ended.push(result),
    (error: unknown) => ended.push(error),
  );
  return ended;
}

/** To be waited for until it is let go. */
export function held() {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { hold: () => promise, letGo: resolve };
}

export function fail(): never {
  throw new Error('no storage');
}

export function never(): Promise<never> {
  return new Promise(() => {});
}

export const storageFailed = 'error ERR_STORAGE_FAILED: the storage failed';

function idsOf(leases: readonly LeaseRef[]): readonly string[] {
  return leases.map(({ recipientId }) => recipientId);
}
