import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

/** The members of a union of string literals, as its source lists them. */
function codesOf(file: string, union: string): string[] {
  const source = readFileSync(file, 'utf8');
  const [, body = ''] = new RegExp(`export type ${union} =([^;]+);`).exec(source) ?? [];
  return [...body.matchAll(/'([A-Z_]+)'/g)].map(([, code = '']) => code);
}

test('docs/errors.md has a section for every code, and for no other', () => {
  const codes = [...codesOf('src/core/errors.ts', 'ErrorCode'), ...codesOf('src/core/attempt.ts', 'AttemptErrorCode')];
  const sections = [...readFileSync('docs/errors.md', 'utf8').matchAll(/^### ([A-Z_]+)$/gm)].map(([, code]) => code);

  expect(codes.length).toBeGreaterThan(50);
  expect(sections.toSorted()).toEqual(codes.toSorted());
});

test('every code is used by the source', () => {
  const codes = [...codesOf('src/core/errors.ts', 'ErrorCode'), ...codesOf('src/core/attempt.ts', 'AttemptErrorCode')];
  const sources = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && file !== join('core', 'errors.ts') && file !== join('core', 'attempt.ts'))
    .map((file) => readFileSync(join('src', file), 'utf8'))
    .join('\n');

  expect(codes.filter((code) => !sources.includes(`'${code}'`))).toEqual([]);
});

const documents = ['README.md', 'CHANGELOG.md', ...readdirSync('docs').map((file) => join('docs', file))];

test.each(documents)('links in %s lead to files', (document) => {
  const links = [...readFileSync(document, 'utf8').matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)].map(([, link = '']) => link);
  const broken = links.filter((link) => !/^https?:/.test(link) && !existsSync(join(dirname(document), link)));

  expect(broken).toEqual([]);
});
