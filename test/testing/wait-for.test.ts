import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { LifecycleEvents } from '../../src/core/lifecycle.ts';
import { type LifecycleSource, waitFor } from '../../src/testing.ts';

/** Counts its listeners, as none may be left behind. */
class Source implements LifecycleSource {
  readonly #emitter = new EventEmitter();

  on<Name extends keyof LifecycleEvents>(name: Name, listener: (payload: LifecycleEvents[Name]) => void): void {
    this.#emitter.on(name, listener);
  }

  off<Name extends keyof LifecycleEvents>(name: Name, listener: (payload: LifecycleEvents[Name]) => void): void {
    this.#emitter.off(name, listener);
  }

  tell<Name extends keyof LifecycleEvents>(name: Name, payload: LifecycleEvents[Name]): void {
    this.#emitter.emit(name, payload);
  }

  get listeners(): number {
    return this.#emitter.eventNames().length;
  }
}

function recovered(recipientId: string, attempts: number): LifecycleEvents['recipient:recovered'] {
  return { recipientId, since: 1, at: 2, attempts };
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});

afterEach(() => {
  vi.useRealTimers();
});

test('resolves with the payload of the next one, and leaves nothing behind', async () => {
  const source = new Source();
  const waiting = waitFor(source, 'recipient:recovered');
  expect([source.listeners, vi.getTimerCount()]).toEqual([1, 1]);
  source.tell('alert:sent', { recipientId: 'crm', about: 'failing', to: ['ops@example.com'] });
  source.tell('recipient:recovered', recovered('crm', 1));
  source.tell('recipient:recovered', recovered('crm', 2));
  expect(await waiting).toEqual(recovered('crm', 1));
  expect([source.listeners, vi.getTimerCount()]).toEqual([0, 0]);
});

test('resolves with the first one that the predicate holds for', async () => {
  const source = new Source();
  const waiting = waitFor(source, 'recipient:recovered', ({ attempts }) => attempts > 1);
  source.tell('recipient:recovered', recovered('crm', 1));
  source.tell('recipient:recovered', recovered('erp', 3));
  expect(await waiting).toEqual(recovered('erp', 3));
});

test('says when there was none, and leaves nothing behind', async () => {
  const source = new Source();
  const waiting = waitFor(source, 'dropped', undefined, { timeoutMs: 10 });
  const refused = expect(waiting).rejects.toThrow('waited 10 ms for "dropped"; there was none');
  vi.advanceTimersByTime(10);
  await refused;
  expect([source.listeners, vi.getTimerCount()]).toEqual([0, 0]);
});

test('says what came instead', async () => {
  const source = new Source();
  const waiting = waitFor(source, 'recipient:recovered', ({ attempts }) => attempts > 9, { timeoutMs: 10 });
  source.tell('recipient:recovered', recovered('crm', 1));
  source.tell('recipient:recovered', recovered('crm', 2));
  const refused = expect(waiting).rejects.toThrow(
    'waited 10 ms for "recipient:recovered"; there came 2, but not the one asked for; ' +
      "the latest was { recipientId: 'crm', since: 1, at: 2, attempts: 2 }",
  );
  vi.advanceTimersByTime(10);
  await refused;
});

test('rejects with what the predicate throws', async () => {
  const source = new Source();
  const waiting = waitFor(source, 'recipient:recovered', () => {
    throw new TypeError('predicate');
  });
  source.tell('recipient:recovered', recovered('crm', 1));
  await expect(waiting).rejects.toThrow('predicate');
  expect(source.listeners).toBe(0);
});

test('the payload has the type of the event', () => {
  const compiles = async (source: LifecycleSource): Promise<void> => {
    const { response } = await waitFor(source, 'delivered', ({ attempt }) => attempt === 2);
    response satisfies LifecycleEvents['delivered']['response'];
    const { reason } = await waitFor(source, 'dropped');
    reason satisfies 'expired' | 'rejected' | 'removed';
    // @ts-expect-error: no such event
    await waitFor(source, 'deliverd');
    // @ts-expect-error: no such field
    await waitFor(source, 'dropped', ({ attempts }) => attempts > 1);
  };
  expect(compiles).toBeTypeOf('function');
});
