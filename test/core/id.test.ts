import fc from 'fast-check';
import { expect, test } from 'vitest';
import { newId } from '../../src/core/id.ts';

test('an id is a UUID of version 7: the time in milliseconds, then chance', () => {
  expect(newId(0x0123_4567_89ab)).toMatch(/^01234567-89ab-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test('ids of later milliseconds sort behind those of earlier ones', () => {
  fc.assert(
    fc.property(fc.nat(2 ** 48 - 2), fc.nat(), (time, later) => {
      expect(newId(time) < newId(Math.min(time + 1 + later, 2 ** 48 - 1))).toBe(true);
    }),
  );
});

test('ids of one millisecond differ', () => {
  expect(new Set(Array.from({ length: 10_000 }, () => newId(1))).size).toBe(10_000);
});

test('an id has its shape whatever the clock says', () => {
  for (const time of [-1, -8.64e15, 0.5, 1767225600000.75, 2 ** 48 + 5, 8.64e15]) {
    expect(newId(time)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  }
  expect(newId(-1).startsWith('00000000-0000-7')).toBe(true);
  expect(newId(1.9).startsWith('00000000-0001-7')).toBe(true);
});
