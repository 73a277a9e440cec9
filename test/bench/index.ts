// `npm run bench -- [emit] [contest] [backlog] [--rounds 5] [--json FILE]`: figures of this machine at this moment. Compare
// ratios of one run, not times of two.
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { measureBacklogs } from './backlog.ts';
import { holdContest } from './contest.ts';
import { measureEmit } from './emit.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    events: { type: 'string', default: '3200' },
    json: { type: 'string' },
  },
});
const figures: Record<string, unknown> = {};

function wanted(part: string): boolean {
  return positionals.length === 0 || positionals.includes(part);
}

function table(title: string, rows: readonly object[]): void {
  console.log(`\n${title}`);
  console.table(
    rows.map((row) =>
      Object.fromEntries(
        Object.entries(row).map(([name, value]) => [
          name,
          typeof value === 'number' ? Number(value.toPrecision(3)) : value,
        ]),
      ),
    ),
  );
}

if (wanted('emit')) {
  const emits = [];
  for (const callers of [1, 16, 256]) emits.push(await measureEmit(callers, 3));
  table('Durable emit, events of 1 KB, SQLite', emits);
  figures.emit = emits;
}

if (wanted('contest')) {
  const contest = await holdContest(Number(values.events), Number(values.rounds));
  const { recipients, events, rounds, bareGotPerSecond } = contest;
  table(
    `${events} events of 1 KB for ${recipients} recipients: medians of ${rounds} alternating rounds; drain and endToEnd as ratios to bare got (${bareGotPerSecond.toFixed(0)} requests per second)`,
    contest.rows,
  );
  figures.contest = contest;
}

if (wanted('backlog')) {
  const backlog = await measureBacklogs([10_000, 1_000_000]);
  table('A backlog waiting at the start; a transport that costs nothing', backlog);
  figures.backlog = backlog;
}

if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(figures, null, 2)}\n`);
