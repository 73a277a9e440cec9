import { expect, test } from 'vitest';
import { retryAfterMs } from '../../src/http/retry-after.ts';

const now = Date.UTC(2026, 0, 1, 12);
const hour = 3_600_000;

function asked(retryAfter: string | undefined, { status = 503, date = undefined as string | undefined } = {}) {
  return retryAfterMs({ status, retryAfter, date, hasLocation: false }, now);
}

test.each([
  ['0', 0],
  ['1', 1_000],
  ['120', 120_000],
  ['000120', 120_000],
  ['999999999999999', 999_999_999_999_999_000],
])('Retry-After: %s is so many seconds', (text, expected) => {
  expect(asked(text)).toBe(expected);
});

test.each([
  ['Thu, 01 Jan 2026 13:00:00 GMT', hour],
  ['Thu, 01 Jan 2026 12:00:00 GMT', 0],
  ['Thu, 01 Jan 2026 11:00:00 GMT', 0],
  ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
])('Retry-After: %s is a moment, and one that is over asks for nothing', (text, expected) => {
  expect(asked(text)).toBe(expected);
});

test('a date is measured from the Date of the same answer: a clock set wrong there makes no difference', () => {
  expect(asked('Thu, 01 Jan 2099 13:00:00 GMT', { date: 'Thu, 01 Jan 2099 12:00:00 GMT' })).toBe(hour);
  expect(asked('Thu, 01 Jan 2026 13:00:00 GMT', { date: 'yesterday' })).toBe(hour);
});

test.each([429, 503])('it is read of %i', (status) => {
  expect(asked('7', { status })).toBe(7_000);
});

test.each([200, 202, 301, 400, 404, 413, 500, 502, 504])('it is not read of %i', (status) => {
  expect(asked('7', { status })).toBeUndefined();
});

test.each([
  [undefined],
  [''],
  ['-1'],
  ['1.5'],
  ['+7'],
  ['7 s'],
  ['1e3'],
  ['0x10'],
  ['soon'],
  ['7, 8'],
  ['2026-01-01T13:00:00Z'],
  ['Thu, 99 Jan 2026 13:00:00 GMT'],
  ['Thu, 01 Jan 2026 13:00:00 +0100'],
  ['9999999999999999'],
])('Retry-After: %s is nothing that could be read', (text) => {
  expect(asked(text)).toBeUndefined();
});
