import { expect, test } from 'vitest';
import { sqliteVersionWarnings } from '../../src/sqlite/sqlite-version.ts';

test.each(['3.47.2', '3.50.9', '3.51.2', '3.6.3'])('SQLite %s is warned of, with what to do about it', (version) => {
  const [warning, ...others] = sqliteVersionWarnings(version);
  expect(warning).toContain(`SQLite ${version}, which can lose events`);
  expect(warning).toContain('use a Node.js with SQLite 3.51.3 or newer');
  expect(others).toEqual([]);
});

test.each(['3.51.3', '3.51.10', '3.53.0', '3.100.0', '4.0.0'])('SQLite %s is fine', (version) => {
  expect(sqliteVersionWarnings(version)).toEqual([]);
});
