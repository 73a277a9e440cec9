import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { NewEntry } from '../../src/core/storage.ts';
import { Child, said } from './child.ts';
import { entry, newFile, openStorage, rememberAll } from './storages.ts';

const flushes = 'fsync,fdatasync';
const canTrace = spawnSync('strace', ['-e', 'trace=none', 'true']).status === 0;

const isLong = process.env.TEST_LENGTH === 'long';
const events = isLong ? 60 : 12;
/** Of opening, and of one commit after the other. Not among them: those of the folder, whose failures SQLite leaves unsaid. */
const failingFlushes = isLong ? [1, 4, 8, 9, 11, ...Array.from({ length: 57 }, (_, index) => 13 + index)] : [1, 8, 13];

/** How often a program of `children/` has the disk flushed. */
async function countFlushes(name: string, ...args: readonly string[]): Promise<number> {
  const summary = await newFile();
  const file = await newFile();
  const child = new Child(
    name,
    [file, ...args],
    ['strace', '-f', '-c', '-U', 'name,calls', '-e', `trace=${flushes}`, '-o', summary],
  );
  expect(await child.ended).toMatchObject({ code: 0 });
  const calls = [...(await readFile(summary, 'utf8')).matchAll(/^(?:fsync|fdatasync)\s+(\d+)$/gm)];
  return calls.reduce((sum, [, count]) => sum + Number(count), 0);
}

/** After opening, when a delivery has been settled without a flush. */
const failingLater = isLong ? Array.from({ length: 40 }, (_, index) => 16 + index) : [16, 20];

function acknowledged(lines: readonly string[]): readonly NewEntry[] {
  return said(
    lines.map((line) => line.replace(/^(event-\d+) done$/, 'stored $1')),
    'stored',
  ).map((id) => entry(id));
}

describe.skipIf(!canTrace)('the disk, watched with strace (skipped where there is none)', () => {
  test('200 appends one after the other are flushed one by one, 200 at once together', async () => {
    const [none, oneByOne, atOnce] = await Promise.all([
      countFlushes('append', '0'),
      countFlushes('append', '200'),
      countFlushes('append', '200', 'at-once'),
    ]);
    expect(oneByOne - none).toBeGreaterThanOrEqual(200);
    expect(atOnce - none).toBeLessThanOrEqual(10);
  });

  test('200 deliveries settled one after the other share few flushes, unless more than their arrival is recorded', async () => {
    const [none, arrived, withState] = await Promise.all([
      countFlushes('settle', '0'),
      countFlushes('settle', '200'),
      countFlushes('settle', '200', 'state'),
    ]);
    expect(arrived - none).toBeLessThan(100);
    expect(withState - none).toBeGreaterThanOrEqual(200);
  });

  test('what has arrived is flushed about ten times a second, and when the storage is closed, whoever else has the file open', async () => {
    const [none, slowly, unwatched, watched] = await Promise.all([
      countFlushes('settle', '0', 'slowly'),
      countFlushes('settle', '100', 'slowly'),
      countFlushes('settle', '0', 'watched'),
      countFlushes('settle', '1', 'watched'),
    ]);
    expect(slowly - none).toBeGreaterThanOrEqual(5);
    expect(slowly - none).toBeLessThan(40);
    expect(watched - unwatched).toBeGreaterThanOrEqual(1);
  });

  test('the count shows it when commits are not flushed', async () => {
    const [flushed, notFlushed] = await Promise.all([
      countFlushes('append-in-this-thread', '200', 'FULL'),
      countFlushes('append-in-this-thread', '200', 'NORMAL'),
    ]);
    expect(flushed).toBeGreaterThanOrEqual(200);
    expect(notFlushed).toBeLessThan(50);
  });

  test.each(failingFlushes)('nothing is acknowledged whose flush failed (flush %i)', async (failing) => {
    const file = await newFile();
    const inject = `inject=${flushes}:error=EIO:when=${failing}`;
    const wrapper = ['strace', '-f', '-qq', '-o', '/dev/null', '-e', inject];
    const { lines } = await new Child('append', [file, String(events)], wrapper).ended;
    expect(
      lines.filter((line) => line.endsWith(' ERR_STORAGE_IO')),
      lines.join(),
    ).not.toEqual([]);

    const storage = await openStorage(file);
    const again = await storage.append(acknowledged(lines), rememberAll);
    expect(again.filter(({ status }) => status !== 'duplicate')).toEqual([]);
  });

  test.each(failingLater)(
    'nothing is acknowledged whose flush failed after settlements without one (flush %i)',
    async (failing) => {
      const file = await newFile();
      const inject = `inject=${flushes}:error=EIO:when=${failing}`;
      const wrapper = ['strace', '-f', '-qq', '-o', '/dev/null', '-e', inject];
      const { lines } = await new Child('append', [file, String(events), 'settled'], wrapper).ended;
      const failed = lines.filter((line) => /ERR_(STORAGE_|OUTCOME_)/.test(line));
      expect(failed, lines.join()).not.toEqual([]);
      // The thread that cannot know what the disk has is followed by one that has read it anew. That one's flushes are counted
      // anew, too, and so fail again.
      const firstFailure = lines.indexOf(failed[0] as string);
      expect(lines.slice(firstFailure + 1, firstFailure + 4)).toContainEqual(expect.stringMatching(/ done$/));

      const storage = await openStorage(file);
      const again = await storage.append(acknowledged(lines), rememberAll);
      expect(again.filter(({ status }) => status !== 'duplicate')).toEqual([]);
    },
  );

  const slowly = ['-e', `trace=${flushes}`, '-e', `inject=${flushes}:delay_exit=400ms`];

  // Again when it fails: a busy machine too keeps the host waiting.
  test.each([
    ['append-and-watch', 'leaves the host undisturbed', 0, 20],
    ['append-in-this-thread', 'would stop a host that wrote by itself', 200, 5_000],
  ])('%s: a slow flush %s', { retry: 2 }, async (name, _, least, most) => {
    const file = await newFile();
    await (await openStorage(file)).close();
    const wrapper = ['strace', '-f', '-qq', '--seccomp-bpf', '-o', '/dev/null', ...slowly];
    const { lines, errors } = await new Child(name, [file, '3', 'FULL'], wrapper).ended;
    const p99 = Number(lines.find((line) => line.startsWith('p99 '))?.slice(4));
    expect(p99, errors).toBeGreaterThanOrEqual(least);
    expect(p99).toBeLessThan(most);
  });
});
