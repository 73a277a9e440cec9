import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { run } from './run.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Folder of a project that has installed the packed package and nothing else but Node's types and undici. */
    host: string;
    /** Paths in the packed package. */
    packedFiles: readonly string[];
  }
}

const repository = join(import.meta.dirname, '../..');

/** Packs the package as `npm publish` would, and installs it in an empty project, as a host's developer would. */
export default async function installPackage({ provide }: TestProject): Promise<() => Promise<void>> {
  const host = await mkdtemp(join(tmpdir(), 'outbound-events-host-'));
  await cp(join(import.meta.dirname, 'host'), host, { recursive: true });
  const packed = await run('npm', ['pack', '--json', '--pack-destination', host], repository);
  const [{ filename, files }] = parsePacked(packed);
  await run('npm', ['install', '--prefix', host, join(host, filename), '@types/node@22', 'undici@7.29.0'], host);
  provide('host', host);
  provide(
    'packedFiles',
    files.map(({ path }) => path),
  );
  return () => rm(host, { recursive: true });
}

type Packed = readonly [{ readonly filename: string; readonly files: readonly { readonly path: string }[] }];

/** npm's own JSON follows what the build has printed. */
function parsePacked(output: string): Packed {
  return JSON.parse(output.slice(output.search(/^\[\s*$/m)));
}
