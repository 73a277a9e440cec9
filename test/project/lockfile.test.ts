import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

interface LockedPackage {
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly resolved?: string;
}

const lockfile: { readonly packages: Readonly<Record<string, LockedPackage>> } = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../package-lock.json'), 'utf8'),
);
const packages = new Map(Object.entries(lockfile.packages));

describe('package-lock.json', () => {
  it('names no registry: each machine asks its own', () => {
    expect([...packages].filter(([, { resolved }]) => resolved !== undefined)).toEqual([]);
  });

  // npm leaves out what it could not look up when it wrote the file, and then `npm ci` fails.
  it('lists the optional packages of all platforms', () => {
    const missing = [...packages].flatMap(([path, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter((name) => !isListed(path, name)),
    );
    expect(missing).toEqual([]);
  });
});

/** Whether Node's look-up from the package at `path` finds `name`: beside it, or in a folder above. */
function isListed(path: string, name: string): boolean {
  if (packages.has(`${path}${path === '' ? '' : '/'}node_modules/${name}`)) return true;
  if (path === '') return false;
  return isListed(path.slice(0, Math.max(0, path.lastIndexOf('/node_modules/'))), name);
}
