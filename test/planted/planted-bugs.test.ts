import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { plantedBugs } from './planted-bugs.ts';

const root = join(import.meta.dirname, '../..');

// That the tests notice them takes minutes: `npm run test:long planted`.
test.each(plantedBugs)('it is known where to plant: $name', async ({ file, sound, tests }) => {
  const source = await readFile(join(root, file), 'utf8');
  expect(source.split(sound)).toHaveLength(2);
  expect(tests.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});
