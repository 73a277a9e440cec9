import { expect, test } from 'vitest';
import { ProgressLine } from '../../src/command/progress-line.ts';

function shown(isTTY: boolean | undefined): string {
  const written: string[] = [];
  const line = new ProgressLine({ ...(isTTY === undefined ? {} : { isTTY }), write: (text) => written.push(text) });
  for (let copied = 1; copied <= 1_000; copied += 1) line.show({ copied, of: 1_000 });
  line.end();
  return written.join('');
}

test('on a terminal it is one line, written anew for each percent', () => {
  const parts = shown(true).split('\r');
  expect(parts).toHaveLength(101);
  expect(parts[1]).toBe('10 of 1000 rows (1 %)');
  expect(parts.at(-1)).toBe('1000 of 1000 rows (100 %)\n');
});

test('elsewhere it is a line for each tenth', () => {
  const lines = shown(undefined).split('\n');
  expect(lines.slice(0, 2)).toEqual(['100 of 1000 rows (10 %)', '200 of 1000 rows (20 %)']);
  expect(lines).toHaveLength(11);
  expect(lines.at(-1)).toBe('');
});
