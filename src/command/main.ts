#!/usr/bin/env node
import { assertNodeVersion } from '../core/node-version.ts';

assertNodeVersion(process.versions.node);
// Node's notice that its SQLite is new; nothing else of what it warns of is of use here.
process.removeAllListeners('warning');

const { run } = await import('./copy.ts');
process.exitCode = await run(process.argv.slice(2), {
  databaseUrl: process.env.DATABASE_URL,
  folder: process.cwd(),
  output: process.stdout,
  errors: process.stderr,
});
