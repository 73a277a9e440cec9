// `npm run bench -- [emit] [slow-disk] [contest] [recipients] [backlog] [idle] [start] [--rounds 5] [--events 6400]
// [--seconds 2] [--recipients 1,16,64,1000] [--waiting 1000,100000,1000000] [--json FILE]`: figures of this machine at this
// moment, of the built package. Compare ratios of one run, not times of two.
import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Arena, withArena } from './arena.ts';
import { measureBacklogs, measureIdleRecipients } from './backlog.ts';
import { holdContest } from './contest.ts';
import { measureEmits, measureEmitsOnSlowDisk } from './emit.ts';
import { measureRecipients } from './recipients.ts';
import { print, type Report } from './report.ts';
import { measureStart } from './start.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    events: { type: 'string', default: '6400' },
    seconds: { type: 'string', default: '2' },
    recipients: { type: 'string', default: '1,16,64,1000' },
    waiting: { type: 'string', default: '1000,100000,1000000' },
    json: { type: 'string' },
  },
});
const rounds = Number(values.rounds);
const events = Number(values.events);
const seconds = Number(values.seconds);
const recipients = values.recipients.split(',').map(Number);
const waiting = values.waiting.split(',').map(Number);

const parts: Readonly<Record<string, (arena: Arena) => Promise<Report>>> = {
  emit: (arena) => measureEmits(arena, seconds, rounds),
  'slow-disk': (arena) => measureEmitsOnSlowDisk(arena, seconds, rounds),
  contest: (arena) => holdContest(arena, { events, rounds }),
  recipients: (arena) => measureRecipients(arena, recipients, { events, rounds }),
  backlog: (arena) => measureBacklogs(arena, waiting, rounds),
  idle: (arena) => measureIdleRecipients(arena, rounds),
  start: (arena) => measureStart(arena, rounds),
};

const unknown = positionals.filter((name) => !(name in parts));
if (unknown.length > 0) throw new Error(`no part is called ${unknown}; there are ${Object.keys(parts)}`);

// Their newest versions want the Node.js that this runs on.
execFileSync('npm', ['ci', '--silent', '--prefer-offline'], {
  cwd: join(import.meta.dirname, 'peers'),
  stdio: 'inherit',
});

const [cpu] = cpus();
const machine = { node: process.version, platform: process.platform, cpu: cpu?.model, cores: availableParallelism() };
const reports: Record<string, Report> = {};
await withArena(async (arena) => {
  for (const [name, measure] of Object.entries(parts)) {
    if (positionals.length > 0 && !positionals.includes(name)) continue;
    console.error(name);
    const report = await measure(arena);
    for (const table of report.tables) print(table);
    reports[name] = report;
    // After each part: all of them take an hour.
    if (values.json !== undefined)
      await writeFile(
        values.json,
        `${JSON.stringify({ at: new Date(), machine, options: values, reports }, null, 2)}\n`,
      );
  }
});
