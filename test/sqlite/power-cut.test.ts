import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SqliteStorage } from '../../src/sqlite.ts';
import { SeededRandom } from '../reliability/seeded-random.ts';
import { Child } from './child.ts';
import { numberedEvent } from './numbered-event.ts';
import { type Recorded, readRecording, recorder } from './recording.ts';
import { SimulatedDisk } from './simulated-disk.ts';
import { roomy, temporaryDirectory } from './storages.ts';

const canTrace = spawnSync('strace', ['-e', 'trace=none', 'true']).status === 0;
const seed = Number(process.env.SEED ?? randomInt(2 ** 31));
const [events, cuts] = process.env.TEST_LENGTH === 'long' ? [600, 300] : [60, 12];
/** Events that may have been stored although nobody was told yet. */
const atOnce = 3;

/** What a program was told to be done, up to some moment. */
interface Told {
  isSaved: boolean;
  appended: number;
  settled: number;
  /** Settled too, but a power cut may take that back until something else is told to be stored. */
  arrived: number;
}

async function record(synchronous: 'FULL' | 'NORMAL'): Promise<readonly Recorded[]> {
  const folder = await temporaryDirectory();
  const log = join(await temporaryDirectory(), 'log');
  const args = [join(folder, 'queue.db'), String(events), synchronous];
  const { code, errors } = await new Child('append-and-settle', args, recorder(log)).ended;
  expect(code, errors).toBe(0);
  return readRecording(await readFile(log, 'utf8'), folder);
}

/** What is wrong with what is found after power cuts at random moments. */
async function cutPower(recorded: readonly Recorded[], random: SeededRandom): Promise<readonly string[]> {
  const moments = Array.from({ length: cuts }, () => random.between(1, recorded.length)).toSorted((a, b) => a - b);
  const disk = new SimulatedDisk();
  const told: Told = { isSaved: false, appended: 0, settled: 0, arrived: 0 };
  const wrong: string[] = [];
  let done = 0;
  for (const moment of moments) {
    for (; done < moment; done += 1) {
      const one = recorded[done] as Recorded;
      disk.apply(one);
      if (one.did === 'say') hear(one.text, told);
    }
    const found = await look(disk.cut(random), told);
    wrong.push(...found.map((what) => `after ${moment} of ${recorded.length} steps: ${what}`));
  }
  return wrong;
}

function hear(text: string, told: Told): void {
  const [what, number] = text.split(' ');
  if (what === 'saved') told.isSaved = true;
  if (what === 'appended') {
    told.appended = Math.max(told.appended, Number(number));
    told.settled = Math.max(told.settled, told.arrived);
  }
  if (what === 'arrived') told.arrived = Number(number);
  if (what === 'settled') told.settled = Math.max(told.settled, Number(number));
}

/** Opens what a power cut has left, and compares it with what was told. */
async function look(files: ReadonlyMap<string, Buffer>, told: Told): Promise<readonly string[]> {
  const folder = await temporaryDirectory();
  // Not what is only shared memory: no power cut leaves it.
  for (const [name, bytes] of files) if (!name.endsWith('-shm')) await writeFile(join(folder, name), bytes);
  const storage = new SqliteStorage({ file: join(folder, 'queue.db') });
  const wrong: string[] = [];
  try {
    await storage.open(roomy);
    const ids = (await storage.listRecipients()).map(({ id }) => id);
    if (told.isSaved && ids.join() !== 'crm,erp') wrong.push(`the recipients are ${ids.join()}`);
    const leases = await storage.claim({ holder: 'test', now: 0, expiresAt: 1e6, limit: 2 });
    for (const lease of leases) {
      const [settled, arrived] = lease.recipientId === 'crm' ? [told.settled, told.arrived] : [0, 0];
      const found = await storage.read(lease, 10_000, 1e9);
      const first = found[0]?.sequence ?? settled + 1;
      const last = found.at(-1)?.sequence ?? settled;
      if (first <= settled) wrong.push(`${lease.recipientId} has ${first} again, which was settled`);
      if (first > Math.max(settled, arrived) + 1 + atOnce) wrong.push(`${lease.recipientId} begins with ${first}`);
      if (lease.recipientId === 'erp' && first !== 1 && told.appended > 0) wrong.push(`erp begins with ${first}`);
      if (last < told.appended) wrong.push(`${lease.recipientId} ends with ${last} instead of ${told.appended}`);
      if (last > told.appended + atOnce) wrong.push(`${lease.recipientId} ends with ${last}`);
      for (const [index, { sequence, event }] of found.entries()) {
        const expected = numberedEvent(first + index);
        if (sequence !== first + index || event.id !== expected.id || event.data !== expected.data) {
          wrong.push(`${lease.recipientId} has ${event.id} as ${sequence}`);
        }
      }
    }
  } catch (error) {
    wrong.push(String(error));
  } finally {
    await storage.close();
  }
  return wrong;
}

describe.skipIf(!canTrace)('a power cut (skipped where there is no strace)', { timeout: 600_000 }, () => {
  test('takes nothing that was told to be stored, or settled before, and adds nothing', async () => {
    const wrong = await cutPower(await record('FULL'), new SeededRandom(seed));
    expect(wrong, `SEED=${seed}`).toEqual([]);
  });

  test('would take what was not flushed', async () => {
    const wrong = await cutPower(await record('NORMAL'), new SeededRandom(seed));
    const lost = wrong.filter((what) => / ends with \d+ instead of |: the recipients are /.test(what));
    expect(lost, `SEED=${seed}: ${wrong.join()}`).not.toEqual([]);
  });
});
