import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { parseDuration } from '../../src/core/duration.ts';
import { refusal } from './refusal.ts';

const year = 365 * 24 * 60 * 60 * 1000;

describe('a duration', () => {
  it.each<[unknown, number]>([
    [100, 100],
    [60_000, 60_000],
    [year, year],
    ['100ms', 100],
    ['30s', 30_000],
    ['30 s', 30_000],
    ['15m', 900_000],
    ['4h', 14_400_000],
    ['3d', 259_200_000],
    ['2w', 1_209_600_000],
    ['1.5h', 5_400_000],
    ['0.2s', 200],
    ['1 minute', 60_000],
    ['90 SECONDS', 90_000],
    ['365d', year],
    ['100.4ms', 100],
  ])('may be %j', (value, expected) => {
    expect(parseDuration(value, 'timeout', '30s')).toBe(expected);
  });

  it.each<[unknown]>([
    [0],
    [-1],
    [99],
    [100.5],
    [Number.NaN],
    [Number.POSITIVE_INFINITY],
    [1e20],
    [year + 1],
    [1000n],
    [null],
    [true],
    [new Date(1000)],
    [{}],
    [[1000]],
    [Symbol('1s')],
    [''],
    ['5'],
    ['1000'],
    ['s'],
    ['-5s'],
    ['+5s'],
    ['.5s'],
    ['5 parsecs'],
    ['5s5'],
    ['5s and more'],
    [' 5s'],
    ['5s\n'],
    ['1e3s'],
    ['Infinity s'],
    ['99ms'],
    ['366d'],
    ['1y'],
    [`${'9'.repeat(400)}s`],
    [`${'0'.repeat(400)}5s`],
    [`5${' '.repeat(400)}s`],
  ])('is refused as %o', (value) => {
    const { code, field, message } = refusal(() => parseDuration(value, 'retry.interval', '1m'));
    expect({ code, field }).toEqual({ code: 'ERR_CONFIG_DURATION', field: 'retry.interval' });
    expect(message).toMatch(
      /^retry\.interval must be from 100 ms to 365 days: milliseconds as a whole number, or text like "30s", "15m", "4h", "3d"; got /,
    );
  });

  it('has its default when it is left out', () => {
    expect(parseDuration(undefined, 'timeout', '30s')).toBe(30_000);
    expect(parseDuration(undefined, 'timeout', 250)).toBe(250);
  });

  it('may be as short as the field allows', () => {
    expect(parseDuration(0, 'alerts.after', '15m', 0)).toBe(0);
    expect(parseDuration('0s', 'alerts.after', '15m', 0)).toBe(0);
    expect(refusal(() => parseDuration(-1, 'alerts.after', '15m', 0)).message).toContain('from 0 ms to 365 days');
  });
});

test('whatever is given, a duration is whole milliseconds within its bounds, or refused', () => {
  const given = fc.oneof(
    fc.anything(),
    fc.double(),
    fc
      .tuple(fc.double({ min: 0, max: 1e6, noNaN: true }), fc.constantFrom('ms', 's', ' m', 'h', 'd', 'w', 'y'))
      .map(([amount, unit]) => `${amount}${unit}`),
  );
  fc.assert(
    fc.property(given, (value) => {
      let parsed: number;
      try {
        parsed = parseDuration(value, 'timeout', '30s');
      } catch (error) {
        expect(error).toMatchObject({ code: 'ERR_CONFIG_DURATION' });
        return;
      }
      expect(Number.isInteger(parsed) && parsed >= 100 && parsed <= year).toBe(true);
    }),
    { numRuns: 2000 },
  );
});
