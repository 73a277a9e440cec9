import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { faultRows, withTestFiles } from './fault-table.ts';

const markdown = readFileSync('docs/faults.md', 'utf8');
const rows = faultRows(markdown);

const source = globSync('src/**/*.ts')
  .map((file) => readFileSync(file, 'utf8'))
  .join('\n');
/** The published tests of transports, which the tests of ours run. */
const suite = globSync('src/testing/transport-*.ts');
const errors = readFileSync('docs/errors.md', 'utf8');

function range(letter: string, first: number, last: number): readonly string[] {
  return Array.from({ length: last - first + 1 }, (_, index) => `${letter}${first + index}`);
}

describe('the table of faults', () => {
  it('has every fault of HTTP, SMTP and bad input, and no empty cell', () => {
    const ids = new Set(rows.map(({ id }) => id));
    const missing = [...range('F', 30, 66), ...range('F', 82, 94)].filter((id) => !ids.has(id));
    expect(missing).toEqual([]);
    for (const line of markdown.split('\n').filter((text) => text.startsWith('| '))) {
      expect(line.split('|').slice(1, -1)).not.toContainEqual(expect.stringMatching(/^\s*$/));
    }
  });

  it('says where each is tried, as the titles of the tests do (npm run docs writes it)', () => {
    expect(withTestFiles(markdown)).toBe(markdown);
    expect(rows.filter(({ tests }) => tests.length === 0).map(({ id }) => id)).toEqual([]);
  });

  it.each(rows.filter(({ codes }) => codes.length > 0))(
    'has codes that are documented and tried: $id $codes',
    (row) => {
      const files = [...row.tests, ...suite];
      const tried = files.map((file) => readFileSync(file, 'utf8')).join('\n');
      const without = (text: string, found: (code: string) => string): readonly string[] =>
        row.codes.filter((code) => !text.includes(found(code)));
      expect(without(errors, (code) => `### ${code}\n`)).toEqual([]);
      expect(without(source, (code) => `'${code}'`)).toEqual([]);
      expect(without(tried, (code) => code)).toEqual([]);
    },
  );

  it.each(rows.filter(({ sentence }) => sentence !== '–'))('quotes what the code says: $id', ({ sentence }) => {
    const parts = sentence.split(/(?: ?… ?| \/ )+/).filter((text) => text !== '');
    expect(parts.filter((part) => !source.includes(part))).toEqual([]);
  });
});
