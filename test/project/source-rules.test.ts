import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** A source file, and a line in it. `a.ts` stands for any file of its folder. */
type Case = readonly [file: string, line: string];

const allowed: readonly Case[] = [
  ['src/core/a.ts', "import type { Clock } from './clock.ts';"],
  ['src/core/a.ts', "import ms from 'ms';"],
  ['src/core/a.ts', "import { createHash } from 'node:crypto';"],
  ['src/core/a.ts', 'export const day = new Date(0);'],
  ['src/core/clock.ts', 'export const now = Date.now();'],
  ['src/dispatch/a.ts', "import type { QueueStorage } from '../core/storage.ts';"],
  ['src/dispatch/a.ts', "const { default: retry } = await import('p-retry');"],
  ['src/http/a.ts', "const { default: got } = await import('got');"],
  ['src/http/a.ts', "import { connect } from 'node:tls';"],
  ['src/email/a.ts', "import { createTransport } from 'nodemailer';"],
  ['src/email/a.ts', "import type { SentMessageInfo } from 'nodemailer/lib/smtp-transport';"],
  ['src/email/a.ts', "import Handlebars from 'handlebars';"],
  ['src/memory/a.ts', "import { hash } from 'node:crypto';"],
  ['src/sqlite/a.ts', "import { Worker } from 'node:worker_threads';"],
  ['src/postgres/a.ts', "import type { QueueStorage } from '../core/storage.ts';"],
  ['src/postgres/a.ts', "import { randomUUID } from 'node:crypto';"],
  ['src/command/a.ts', "import { copyToPostgres } from '../postgres.ts';"],
  ['src/command/a.ts', "import { parseArgs } from 'node:util';"],
  ['src/testing/a.ts', "import { createServer } from 'node:http';"],
  ['src/testing/a.ts', "import { setImmediate } from 'node:timers/promises';"],
  ['src/testing.ts', "export { ManualClock } from './testing/manual-clock.ts';"],
  ['src/a.ts', "import { EventEmitter } from 'eventemitter3';"],
  ['src/a.ts', "import { Dispatcher } from './dispatch/dispatcher.ts';"],
];

const refusedImports: readonly Case[] = [
  ['src/core/a.ts', "import { readFileSync } from 'node:fs';"],
  ['src/core/a.ts', "import got from 'got';"],
  ['src/core/a.ts', "import type { Dispatcher } from '../dispatch/dispatcher.ts';"],
  ['src/core/a.ts', "export * from '../http/http-transport.ts';"],
  ['src/dispatch/a.ts', "import { MemoryStorage } from '../memory/memory-storage.ts';"],
  ['src/dispatch/a.ts', "import { createServer } from 'node:http';"],
  ['src/dispatch/a.ts', "import { EventEmitter } from 'eventemitter3';"],
  ['src/http/a.ts', "import retry from 'p-retry';"],
  ['src/http/a.ts', "import type { Relay } from '../email/relay.ts';"],
  ['src/http/a.ts', "import { ManualClock } from '../testing/manual-clock.ts';"],
  ['src/email/a.ts', "const http = await import('../http/http-transport.ts');"],
  ['src/email/a.ts', "import got from 'got';"],
  ['src/memory/a.ts', "import { readFileSync } from 'node:fs';"],
  ['src/memory/a.ts', "import { openDatabase } from '../sqlite/database.ts';"],
  ['src/sqlite/a.ts', "import { MemoryStorage } from '../memory/memory-storage.ts';"],
  ['src/sqlite/a.ts', "import { OutboundEvents } from '../outbound-events.ts';"],
  ['src/postgres/a.ts', "import { openDatabase } from '../sqlite/database.ts';"],
  ['src/postgres/a.ts', "import { MemoryStorage } from '../memory/memory-storage.ts';"],
  ['src/postgres/a.ts', "import { Pool } from 'pg';"],
  ['src/postgres/a.ts', "import type { Pool } from 'pg';"],
  ['src/command/a.ts', "import { Pool } from 'pg';"],
  ['src/command/a.ts', "import { copyContent } from '../postgres/copy-content.ts';"],
  ['src/testing/a.ts', "import { expect } from 'vitest';"],
  ['src/testing/a.ts', "import { MemoryStorage } from '../memory/memory-storage.ts';"],
  ['src/a.ts', "import { ManualClock } from './testing/manual-clock.ts';"],
  ['src/a.ts', "export { ManualClock } from './testing.ts';"],
  ['src/a.ts', "import got from 'got';"],
];

const refusedTimeAndChance: readonly Case[] = [
  ['src/core/a.ts', 'export const now = Date.now();'],
  ['src/core/a.ts', 'export const now = new Date();'],
  ['src/core/a.ts', 'export const chance = Math.random;'],
  ['src/dispatch/a.ts', 'export const timer = setTimeout(() => {}, 10);'],
  ['src/dispatch/a.ts', 'export const timer = setInterval(() => {}, 10);'],
  ['src/memory/a.ts', 'export const now = performance.now();'],
  ['src/a.ts', 'export const now = Date.now();'],
];

const refusedOtherwise: readonly Case[] = [
  ['test/http/a.ts', "import { Transform } from 'stream';"],
  ['src/http/a.ts', 'export const body: any = {};'],
  ['src/http/a.ts', 'export async function send() {}\nsend();'],
  ['src/core/cycle-a.ts', "import type { B } from './cycle-b.ts';\nexport type A = B[];"],
  ['src/core/cycle-b.ts', "import type { A } from './cycle-a.ts';\nexport type B = A[];"],
];

const cases = [...allowed, ...refusedImports, ...refusedTimeAndChance, ...refusedOtherwise];
const repository = join(import.meta.dirname, '../..');
let objections: ReadonlyMap<string, readonly string[]>;
let scratch: string;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'source-rules-'));
  await cp(join(repository, 'biome.json'), join(scratch, 'biome.json'));
  await cp(join(repository, '.biome'), join(scratch, '.biome'), { recursive: true });
  for (const each of cases) {
    const file = join(scratch, fileOf(each));
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, `${each[1]}\n`);
  }
  objections = await lint(scratch);
});

afterAll(() => rm(scratch, { recursive: true }));

describe('the rules of biome.json', () => {
  it.each(allowed)('let %s say %s', (...each) => {
    expect(objections.get(fileOf(each)) ?? []).toEqual([]);
  });

  it.each(refusedImports)('refuse the import when %s says %s', (...each) => {
    expect(objections.get(fileOf(each))).toEqual(['noRestrictedImports']);
  });

  it.each(refusedTimeAndChance)('refuse ambient time and chance when %s says %s', (...each) => {
    expect(objections.get(fileOf(each))).toEqual(['plugin']);
  });

  it('refuse Node modules without their protocol, any, floating promises, and cycles, also of types', () => {
    expect(refusedOtherwise.map((each) => objections.get(fileOf(each)))).toEqual([
      ['useNodejsImportProtocol'],
      ['noExplicitAny'],
      ['noFloatingPromises'],
      ['noImportCycles'],
      ['noImportCycles'],
    ]);
  });
});

/** Every case has a file of its own. */
function fileOf(each: Case): string {
  const index = cases.findIndex(([file, line]) => file === each[0] && line === each[1]);
  return each[0].replace(/(?<=\/)a\.ts$/, `case-${index}.ts`);
}

/** The errors of a project by file: the last part of each one's category. */
async function lint(project: string): Promise<ReadonlyMap<string, readonly string[]>> {
  const biome = join(repository, 'node_modules/.bin/biome');
  const args = ['lint', '--vcs-enabled=false', '--diagnostic-level=error', '--max-diagnostics=none', '--reporter=json'];
  const { stdout } = await promisify(execFile)(biome, args, { cwd: project }).catch(
    (found: { stdout: string }) => found,
  );
  const report: Report = JSON.parse(stdout);
  const byFile = Map.groupBy(report.diagnostics, ({ location }) => location.path);
  return new Map(
    Array.from(byFile, ([file, found]) => [file, found.map(({ category }) => category.replace(/.*\//, ''))]),
  );
}

interface Report {
  readonly diagnostics: readonly { readonly category: string; readonly location: { readonly path: string } }[];
}
