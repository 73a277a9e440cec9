// On a small disk of its own: accepts events until the disk is full, has somebody else take what is left of it, delivers
// all there is, and frees the disk again; several times. Says what happened in each round.
import { appendFileSync, existsSync, rmSync } from 'node:fs';
import { isOutboundEventsError } from '../../../src/core/errors.ts';
import type { Lease } from '../../../src/core/storage.ts';
import { SqliteStorage } from '../../../src/sqlite.ts';
import { storedEvent } from '../../../src/testing.ts';
import { say } from './say.ts';

const [directory = '', rounds = '', callers = '', bytes = ''] = process.argv.slice(2);
const data = JSON.stringify({ text: 'x'.repeat(Number(bytes)) });
const file = `${directory}/queue.db`;
const hog = `${directory}/hog`;
const limits = { maxDeliveries: 1e6, maxBytes: 1e9 };
let storage = new SqliteStorage({ file });
let appended = 0;

async function append(): Promise<string> {
  appended += 1;
  const event = storedEvent({ id: `event-${appended}`, data });
  return storage
    .append([{ event, recipientIds: ['crm'] }], { forgetBefore: 1 })
    .then(([result]) => String(result?.status), codeOf);
}

function codeOf(error: unknown): string {
  return isOutboundEventsError(error) ? error.code : String(error);
}

async function fill(): Promise<{ stored: number; refusals: string[] }> {
  for (let stored = 0; ; ) {
    const answers = await Promise.all(Array.from({ length: Number(callers) }, append));
    const refusals = answers.filter((answer) => answer !== 'stored');
    stored += answers.length - refusals.length;
    if (refusals.length > 0) return { stored, refusals };
  }
}

function takeWhatIsLeft(hog: string): void {
  for (const size of [65_536, 4_096]) {
    try {
      for (;;) appendFileSync(hog, Buffer.alloc(size, 1));
    } catch {}
  }
}

/** Delivers what waits until `enough`; returns how many that were. */
async function deliver(enough: () => boolean): Promise<number> {
  const [lease] = await storage.claim({ holder: 'test', now: 0, expiresAt: 1, limit: 1 });
  for (let delivered = 0; ; delivered += 1) {
    const [next] = enough() ? [] : await storage.read(lease as Lease, 1, 1);
    if (next === undefined) return delivered;
    await storage.settle([{ ...(lease as Lease), through: next.sequence, dropped: [], state: undefined }]);
  }
}

function isSpent(): boolean {
  return !existsSync(`${file}-ballast`);
}

/** Where SQLite's log can make room for the ballast again, an event may be stored. */
async function appendOnFullDisk(): Promise<string> {
  const another = `${hog}-2`;
  takeWhatIsLeft(another);
  const answer = await append();
  rmSync(another);
  return answer === 'stored' && !isSpent() ? 'not spent any more' : answer;
}

await storage.open(limits);
await storage.saveRecipient({ id: 'crm', settings: '{}' });
for (let round = 0; round < Number(rounds); round += 1) {
  const filled = await fill();
  let { stored } = filled;
  takeWhatIsLeft(hog);
  if (round % 2 === 1) {
    await storage.close();
    takeWhatIsLeft(hog);
    storage = new SqliteStorage({ file });
    await storage.open(limits);
  }
  let delivered = await deliver(isSpent);
  const whileSpent = isSpent() ? await appendOnFullDisk() : 'not spent';
  if (whileSpent === 'not spent any more') stored += 1;
  delivered += await deliver(() => false);
  rmSync(hog, { force: true });
  const afterwards = await append();
  await deliver(() => false);
  say(JSON.stringify({ stored, refusals: [...new Set(filled.refusals)], whileSpent, delivered, afterwards }));
}
await storage.close();
