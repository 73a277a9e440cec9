import { expect, test } from 'vitest';
import { parseArguments } from '../../src/command/arguments.ts';

const url = 'postgres://user:s3cr3t@db.example.com:5432/app';

test('a copy is asked for by its file and where it goes', () => {
  expect(parseArguments(['copy', '--from', 'a.db', '--to', url, '--schema', 'events'], undefined)).toEqual({
    asks: 'copy',
    from: 'a.db',
    to: url,
    schema: 'events',
  });
});

test('where it goes can be left to DATABASE_URL, so that no other user sees a password; --to wins', () => {
  expect(parseArguments(['copy', '--from=a.db'], url)).toMatchObject({ to: url, schema: undefined });
  expect(parseArguments(['copy', '--from=a.db', '--to', 'postgresql:///app'], url)).toMatchObject({
    to: 'postgresql:///app',
  });
});

test.each([['--help'], ['-h'], ['copy', '--help']])('help is given for %s', (...args) => {
  expect(parseArguments(args, undefined)).toEqual({ asks: 'help' });
});

test.each([
  [[], 'the one thing it can do is: copy'],
  [['move'], 'the one thing it can do is: copy'],
  [['copy', url], 'the one thing it can do is: copy'],
  [['copy', '--to', url], '--from is missing: the file to copy'],
  [['copy', '--from', 'a.db'], '--to is missing, and so is the variable DATABASE_URL: where to copy to'],
  [['copy', '--from', 'a.db', '--to', ''], '--to is missing, and so is the variable DATABASE_URL: where to copy to'],
  [['copy', '--from', 'a.db', '--to', 'mysql://u:s3cr3t@h/d'], 'where to copy to must be a URL: postgres://…'],
  [['copy', '--from', 'a.db', '--to', 'postgres://u:s3cr3t@h:x/d'], 'where to copy to must be a URL: postgres://…'],
  [['copy', '--from', 'a.db', `--too=${url}`], 'an option is not known, or lacks its value'],
  [['copy', '--from', 'a.db', '--to'], 'an option is not known, or lacks its value'],
])('%j is refused in one sentence that shows none of it', (args, sentence) => {
  expect(parseArguments(args, undefined)).toBe(sentence);
});
