import { expect, test } from 'vitest';
import type { SqliteStorage } from '../../src/sqlite.ts';
import { Child } from './child.ts';
import { entry, leaseOn, newFile, openStorage, rememberAll } from './storages.ts';

const rounds = 8;

test('a process killed at any moment loses nothing that was stored or settled', async () => {
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

function said(lines: readonly string[], what: string): readonly string[] {
  return lines.filter((line) => line.startsWith(`${what} `)).map((line) => line.slice(what.length + 1));
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
