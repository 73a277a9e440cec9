import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { SqliteStorage } from '../../src/sqlite.ts';
import { SeededRandom } from '../reliability/seeded-random.ts';
import { Child, said } from './child.ts';
import { entry, leaseOn, newFile, openStorage, rememberAll } from './storages.ts';

const isLong = process.env.TEST_LENGTH === 'long';
const rounds = isLong ? 100 : 4;
const seed = Number(process.env.SEED ?? randomInt(2 ** 31));
const canTrace = spawnSync('strace', ['-e', 'trace=none', 'true']).status === 0;

test('a process killed at any moment loses nothing that was stored or settled', { timeout: 30 * 60_000 }, async () => {
  const file = await newFile();
  const stored: string[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const child = new Child('append-for-ever', [file, String(round)]);
    // Each round is killed at another moment of its work.
    await child.says(`stored ${round}-0-${5 + 11 * round}`);
    const { lines } = await child.kill();
    stored.push(...said(lines, 'stored'));
    const settled = Number(said(lines, 'settled').at(-1) ?? 0);

    const storage = await openStorage(file);
    await expectAllThere(storage, stored, settled);
    await storage.close();
  }
});

describe.skipIf(!canTrace)('amid a step, where strace has it killed (skipped where there is none)', () => {
  test.each([
    { step: 'its file is made', calls: 'pwrite64', of: '', most: 3, isNew: true },
    { step: 'a commit is written', calls: 'pwrite64', of: '-wal', most: 200, isNew: false },
    { step: 'a commit is flushed', calls: 'fsync,fdatasync', of: '-wal', most: 50, isNew: false },
    { step: 'the log is carried over', calls: 'pwrite64', of: '', most: 4, isNew: false },
    { step: 'what was carried over is flushed', calls: 'fsync,fdatasync', of: '', most: 1, isNew: false },
    { step: 'the log is emptied', calls: 'ftruncate', of: '-wal', most: 1, isNew: false },
  ])('a process killed as $step loses nothing', { timeout: 30 * 60_000 }, async ({ calls, of, most, isNew }) => {
    const random = new SeededRandom(seed);
    let file = await newFile();
    if (!isNew) await leaveSomething(file);
    let stored: string[] = [];
    for (let round = 0; round < (isLong ? 50 : 1); round += 1) {
      if (isNew) [file, stored] = [await newFile(), []];
      const when = random.between(1, most);
      const inject = `inject=${calls}:signal=KILL:when=${when}`;
      const wrapper = [
        'strace',
        '-f',
        '-qq',
        '-P',
        `${file}${of}`,
        '-e',
        `trace=${calls}`,
        '-e',
        inject,
        '-o',
        '/dev/null',
      ];
      const { signal, lines, errors } = await new Child('append-for-ever', [file, String(round)], wrapper).ended;
      expect(signal, `SEED=${seed}: ${errors}`).toBe('SIGKILL');
      stored.push(...said(lines, 'stored'));
      const storage = await openStorage(file);
      await expectAllThere(storage, stored, Number(said(lines, 'settled').at(-1) ?? 0));
      await storage.close();
    }
  });
});

/** What a killed process has left in the log, so that the next one carries it over. */
async function leaveSomething(file: string): Promise<void> {
  const child = new Child('append-for-ever', [file, 'before']);
  await child.says('stored before-0-20');
  await child.kill();
}

async function expectAllThere(storage: SqliteStorage, stored: readonly string[], settled: number): Promise<void> {
  const again = await storage.append(
    stored.map((id) => entry(id)),
    rememberAll,
  );
  expect(again.filter(({ status }) => status !== 'duplicate')).toEqual([]);

  const waiting = await storage.read(await leaseOn(storage), 1e6, 1e9);
  const first = waiting[0]?.sequence ?? settled + 1;
  expect(first).toBeGreaterThan(settled);
  expect(waiting.map(({ sequence }) => sequence)).toEqual(waiting.map((_, index) => first + index));
  expectEachCallerInOrder(waiting.map(({ event }) => event.id));
}

/** The callers of a round each append 0, 1, 2, …: what waits of each goes up by one. */
function expectEachCallerInOrder(ids: readonly string[]): void {
  const last = new Map<string, number>();
  for (const id of ids) {
    const [round, caller, number] = id.split('-').map(Number);
    const before = last.get(`${round}-${caller}`);
    if (before !== undefined) expect(number).toBe(before + 1);
    last.set(`${round}-${caller}`, Number(number));
  }
}
