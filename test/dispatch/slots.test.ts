import { expect, test } from 'vitest';
import { Slots, type SlotUser } from '../../src/dispatch/slots.ts';
import { ManualClock } from '../../src/testing.ts';

/** Users in line for slots, by name; those whose name begins with `f` are failing. `begun` is who began, in order. */
function setUp(limit: number) {
  const clock = new ManualClock();
  const slots = new Slots(limit, clock);
  const begun: string[] = [];
  const users = new Map<string, SlotUser>();
  const releases = new Map<string, () => void>();
  const lineUp = (...names: readonly string[]): void => {
    for (const name of names) {
      const user: SlotUser = {
        failing: name.startsWith('f'),
        begin: (release) => {
          begun.push(name);
          releases.set(name, release);
        },
      };
      users.set(name, user);
      slots.lineUp(user);
    }
  };
  return {
    clock,
    slots,
    begun,
    lineUp,
    release: (name: string) => releases.get(name)?.(),
    leave: (name: string) => slots.leave(users.get(name) as SlotUser),
  };
}

function names(prefix: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${index + 1}`);
}

test('as many begin as there are slots, and then whoever waited longest, one for each that is given back', () => {
  const { begun, lineUp, release, slots } = setUp(2);
  lineUp('a', 'b');
  expect(slots.isCrowded).toBe(false);
  lineUp('c', 'd');
  expect([begun, slots.isCrowded]).toEqual([['a', 'b'], true]);
  release('b');
  expect(begun).toEqual(['a', 'b', 'c']);
  release('b');
  expect(begun).toEqual(['a', 'b', 'c']);
  release('a');
  expect([begun, slots.isCrowded]).toEqual([['a', 'b', 'c', 'd'], false]);
});

test('who leaves the line is passed over', () => {
  const { begun, lineUp, release, leave, slots } = setUp(1);
  lineUp('a', 'b', 'f1', 'c');
  leave('b');
  leave('f1');
  release('a');
  expect(begun).toEqual(['a', 'c']);
  lineUp('d');
  leave('d');
  expect(slots.isCrowded).toBe(false);
});

test.each([
  [1, 1],
  [2, 1],
  [3, 1],
  [10, 5],
])('of %i slots failing recipients use %i', (limit, most) => {
  const { begun, lineUp, slots } = setUp(limit);
  lineUp(...names('f', limit + 1));
  expect(begun).toEqual(names('f', most));
  expect(slots.isCrowded).toBe(false);
  lineUp(...names('h', limit + 1));
  expect(begun).toEqual([...names('f', most), ...names('h', limit - most)]);
});

test('a slot that a failing recipient gives back goes to another one, too', () => {
  const { begun, lineUp, release } = setUp(2);
  lineUp('f1', 'f2', 'f3');
  release('f1');
  release('f2');
  expect(begun).toEqual(['f1', 'f2', 'f3']);
  lineUp('h1');
  expect(begun).toEqual(['f1', 'f2', 'f3', 'h1']);
});

test('a single slot goes from one failing recipient to the next', () => {
  const { begun, lineUp, release } = setUp(1);
  lineUp('f1', 'f2', 'f3');
  release('f1');
  release('f2');
  expect(begun).toEqual(['f1', 'f2', 'f3']);
});

test('where both wait, they take turns', () => {
  const { begun, lineUp, release } = setUp(2);
  lineUp('h1', 'h2', 'h3', 'h4', 'f1', 'f2', 'f3');
  for (const name of ['h1', 'h2', 'f1', 'h3', 'f2', 'h4', 'f3']) release(name);
  expect(begun).toEqual(['h1', 'h2', 'f1', 'h3', 'f2', 'h4', 'f3']);
});

test('where both wait and failing recipients may use more slots, they take turns, too', () => {
  const { begun, lineUp, release } = setUp(4);
  lineUp(...names('h', 6), 'f1', 'f2');
  for (const name of names('h', 4)) release(name);
  expect(begun).toEqual([...names('h', 4), 'f1', 'h5', 'f2', 'h6']);
});

test('after it is closed nobody begins, and no timer is left', async () => {
  const { begun, lineUp, release, slots, clock } = setUp(1);
  expect(slots.isClosed).toBe(false);
  lineUp('a', 'b');
  slots.close();
  expect([slots.isClosed, slots.isCrowded, clock.pending]).toEqual([true, false, 0]);
  release('a');
  lineUp('c', 'f1');
  await clock.advance('1h');
  expect(begun).toEqual(['a']);
});

test('after it is closed no timer is set for who lines up', () => {
  const { lineUp, slots, clock } = setUp(1);
  lineUp('a');
  slots.close();
  lineUp('b', 'f1');
  expect(clock.pending).toBe(0);
});

test('one timer is set for all who wait, and none while nobody does', async () => {
  const { lineUp, leave, clock } = setUp(2);
  lineUp('f1', 'h1');
  expect(clock.pending).toBe(0);
  lineUp('h2', 'f2');
  expect(clock.pending).toBe(1);
  leave('h2');
  leave('f2');
  await clock.advance('1s');
  expect(clock.pending).toBe(0);
});

test('the slot of an attempt that takes a second goes to whoever waits; giving it back then frees none', async () => {
  const { begun, lineUp, release, clock } = setUp(1);
  lineUp('a', 'b', 'c');
  await clock.advance(999);
  expect(begun).toEqual(['a']);
  await clock.advance(1);
  expect(begun).toEqual(['a', 'b']);
  release('a');
  expect(begun).toEqual(['a', 'b']);
  release('b');
  expect(begun).toEqual(['a', 'b', 'c']);
});

test('a slot that nobody waits for is not taken until somebody does, and then at once', async () => {
  const { begun, lineUp, clock } = setUp(1);
  lineUp('a');
  await clock.advance('1m');
  lineUp('b', 'c');
  await clock.advance(0);
  expect(begun).toEqual(['a', 'b']);
  await clock.advance(999);
  expect(begun).toEqual(['a', 'b']);
  await clock.advance(1);
  expect(begun).toEqual(['a', 'b', 'c']);
});

test('only those that have taken a second lose their slots', async () => {
  const { begun, lineUp, clock } = setUp(2);
  lineUp('a');
  await clock.advance(500);
  lineUp('b', 'c', 'd');
  await clock.advance(500);
  expect(begun).toEqual(['a', 'b', 'c']);
  await clock.advance(500);
  expect(begun).toEqual(['a', 'b', 'c', 'd']);
});

test('the second of an attempt that is over counts for nobody', async () => {
  const { begun, lineUp, release, clock } = setUp(1);
  lineUp('a');
  await clock.advance(500);
  release('a');
  lineUp('b', 'c');
  await clock.advance(999);
  expect(begun).toEqual(['a', 'b']);
  await clock.advance(1);
  expect(begun).toEqual(['a', 'b', 'c']);
});

test('nine times as many may hang as there are slots, and one more begins when one of them ends', async () => {
  const { begun, lineUp, release, clock } = setUp(2);
  lineUp(...names('h', 30));
  await clock.advance('1m');
  expect(begun).toEqual(names('h', 20));
  release('h1');
  await clock.advance('1s');
  expect(begun).toEqual(names('h', 21));
});

test('failing recipients keep their slots however long they take', async () => {
  const { begun, lineUp, clock } = setUp(2);
  lineUp('f1', 'h1', 'f2', 'h2', 'h3');
  await clock.advance('1s');
  expect(begun).toEqual(['f1', 'h1', 'h2']);
  await clock.advance('1s');
  expect(begun).toEqual(['f1', 'h1', 'h2', 'h3']);
  await clock.advance('1m');
  expect(begun).toEqual(['f1', 'h1', 'h2', 'h3']);
});
