import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { plantedBugs } from './planted-bugs.ts';

const root = join(import.meta.dirname, '../..');
let copy = '';

beforeAll(async () => {
  copy = await mkdtemp(join(tmpdir(), 'outbound-events-planted-'));
  for (const name of [
    'src',
    'test',
    'examples',
    'docs',
    'README.md',
    'package.json',
    'tsconfig.json',
    'vitest.config.ts',
  ]) {
    await cp(join(root, name), join(copy, name), { recursive: true, filter: (from) => !from.endsWith('node_modules') });
  }
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
});

afterAll(() => rm(copy, { recursive: true }));

interface Report {
  readonly testResults: readonly {
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

/** The tests that failed, and how; rejects when none was run. */
async function failuresOf(tests: readonly string[]): Promise<readonly string[]> {
  const report = join(copy, 'report.json');
  await rm(report, { force: true });
  const vitest = join(copy, 'node_modules/vitest/vitest.mjs');
  const args = [vitest, 'run', ...tests, '--typecheck.enabled=false', '--reporter=json', `--outputFile=${report}`];
  const { TEST_LENGTH: _, VITEST: __, ...env } = process.env;
  await new Promise<void>((resolve) => {
    execFile(process.execPath, args, { cwd: copy, env, maxBuffer: 1e8 }, () => resolve());
  });
  const { testResults }: Report = JSON.parse(await readFile(report, 'utf8'));
  const results = testResults.flatMap(({ assertionResults }) => assertionResults);
  if (!results.some(({ status }) => status === 'passed' || status === 'failed')) throw new Error('no test was run');
  const failed = results.filter(({ status }) => status === 'failed');
  return failed.map(({ fullName, failureMessages }) => `${fullName}: ${failureMessages[0]}`);
}

test('without a bug, the tests that have to notice one pass', { timeout: 900_000 }, async () => {
  expect(await failuresOf([...new Set(plantedBugs.flatMap(({ tests }) => tests))])).toEqual([]);
});

test.each(plantedBugs)('$name: noticed', { timeout: 600_000 }, async ({ file, sound, broken, tests }) => {
  const path = join(copy, file);
  const source = await readFile(path, 'utf8');
  await writeFile(
    path,
    source.replace(sound, () => broken),
  );
  try {
    expect(await failuresOf(tests)).not.toEqual([]);
  } finally {
    await writeFile(path, source);
  }
});
