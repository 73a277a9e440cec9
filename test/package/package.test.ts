import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { expectCommand, expectDelivery, expectEntryPoints, expectTooOld } from './expect-of-host.ts';
import { run } from './run.ts';

const host = inject('host');
const files = inject('packedFiles');
const node = process.execPath;

describe('the tarball', () => {
  it('holds dist, docs, and the texts every package has, and nothing else', () => {
    const others = files.filter((path) => !/^(dist\/.+\.(js|d\.ts)|docs\/.+\.md)$/.test(path));
    expect(others.toSorted()).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json']);
  });

  it('has no import that ends in .ts', () => {
    const installed = join(host, 'node_modules/outbound-events');
    const withTs = globSync('dist/**/*.{js,d.ts}', { cwd: installed }).filter((file) =>
      /\b(?:from|import)\s*\(?\s*['"][^'"]*\.ts['"]/.test(readFileSync(join(installed, file), 'utf8')),
    );
    expect(withTs).toEqual([]);
  });
});

describe('a host', () => {
  it.each(['esm.mjs', 'commonjs.cjs', 'undici.mjs'])(
    'delivers from %s, and ends by itself after stop()',
    async (script) => {
      await expectDelivery([node], script, host);
    },
  );

  it.each(['entry-points.mjs', 'entry-points.cjs'])('finds every entry point from %s', async (script) => {
    await expectEntryPoints([node], script, host);
  });

  it('runs the command', async () => {
    await expectCommand([node], host);
  });

  const typeCheck = async (file: string, ...modules: readonly string[]): Promise<void> => {
    const tsc = join(import.meta.dirname, '../../node_modules/.bin/tsc');
    const settings = ['--ignoreConfig', '--noEmit', '--strict', '--exactOptionalPropertyTypes', '--target', 'es2023'];
    await run(tsc, [...settings, ...modules, file], host);
  };

  it.each([
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
  ])(
    'type-checks with module %s, moduleResolution %s, and our declarations checked too',
    async (module, resolution) => {
      await typeCheck('types.ts', '--types', 'node', '--module', module, '--moduleResolution', resolution);
    },
  );

  it('type-checks without the types of Node.js, as long as it needs the main entry only', async () => {
    await typeCheck('types-alone.ts', '--module', 'nodenext');
  });

  it('loads what it needs when it first needs it, but what may be needed when the disk fails at the start', async () => {
    const { imported, started } = JSON.parse(await run(node, ['import-graph.mjs'], host));
    const packages = (specifiers: readonly string[]): ReadonlySet<string> =>
      new Set(specifiers.filter((each) => !/^(\.|node:|file:|outbound-events$)/.test(each)));
    expect(packages(imported)).toEqual(new Set(['eventemitter3', 'ms']));
    expect(packages(started)).toEqual(new Set(['p-retry', 'is-network-error']));
  });

  it('imports the main entry in less than a second, also on a busy machine', async () => {
    const ms = Number(await run(node, ['import-time.mjs'], host));
    console.log(`import 'outbound-events': ${ms.toFixed(1)} ms`);
    expect(ms).toBeLessThan(1_000);
  });

  const oldNode = findOldNode();
  it.skipIf(oldNode === undefined)("is told by the machine's own, too old Node.js what is needed", async () => {
    await expectTooOld([oldNode ?? ''], host);
  });
});

/** A Node.js below 22 on the PATH, behind the one that npm has put there. */
function findOldNode(): string | undefined {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'node'))
    .filter((path) => existsSync(path))
    .find(
      (path) => Number.parseInt(execFileSync(path, ['-p', 'process.versions.node'], { encoding: 'utf8' }), 10) < 22,
    );
}
