import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Race, type RaceFigures, run } from './race.ts';
import { withPostgres, withReceiver } from './servers.ts';

interface Entrant {
  readonly title: string;
  readonly module: string;
  readonly name?: string;
  readonly settings?: object;
}

const own = join(import.meta.dirname, 'outbound-events.ts');
const peers = join(import.meta.dirname, 'peers');

const bareGot: Entrant = { title: 'bare got', module: join(peers, 'got.mjs') };
const graphileWorker = join(peers, 'graphile-worker.mjs');
const batches = { localQueue: { size: 17 }, completeJobBatchDelay: 0 };

const entrants: readonly Entrant[] = [
  { title: 'outbound-events, SQLite', module: own, name: 'enterOnSqlite' },
  { title: 'outbound-events, PostgreSQL', module: own, name: 'enterOnPostgres' },
  { title: 'pg-boss, no order', module: join(peers, 'pg-boss.mjs') },
  { title: 'graphile-worker, ordered', module: graphileWorker },
  { title: 'graphile-worker, ordered, in batches', module: graphileWorker, settings: batches },
];

export interface ContestRow {
  readonly contestant: string;
  readonly emitsPerSecond: number;
  readonly emitP50Ms: number;
  readonly emitP99Ms: number;
  /** Ratios to bare got in the same round. */
  readonly drain: number;
  readonly endToEnd: number;
  /** The lowest and the highest of them. */
  readonly drainSpread: string;
  readonly endToEndSpread: string;
  readonly cpuMsPerEvent: number;
}

export interface Contest {
  readonly recipients: number;
  readonly events: number;
  readonly rounds: number;
  readonly bareGotPerSecond: number;
  readonly rows: readonly ContestRow[];
}

interface Round {
  readonly bare: number;
  readonly figures: ReadonlyMap<Entrant, { readonly drain: RaceFigures; readonly endToEnd: RaceFigures }>;
}

/**
 * Durable emits by 16 callers, and deliveries by got with 16 requests under way, of events for 16 recipients: of a backlog,
 * and end to end. All take turns, so that what else the machine does hits them alike.
 */
export async function holdContest(events: number, rounds: number): Promise<Contest> {
  const recipients = 16;
  // Their newest versions want the Node.js that this runs on.
  execFileSync('npm', ['ci', '--silent', '--prefer-offline'], { cwd: peers, stdio: 'inherit' });
  const ran: Round[] = [];
  await withReceiver((url) =>
    withPostgres(async (withDatabase) => {
      const race = async ({ module, name = 'default', settings = {} }: Entrant, emitsFirst: boolean) => {
        const directory = await mkdtemp(join(tmpdir(), 'outbound-events-bench-'));
        try {
          return await withDatabase((database) => {
            const data = { lsid: 'a1', external_key: 'x'.repeat(1_000) };
            const setup = { url, recipients, database, directory, data, concurrency: 16, settings };
            const plan: Race = { module, name, setup, events, callers: 16, emitsFirst };
            return run(plan);
          });
        } finally {
          await rm(directory, { recursive: true });
        }
      };
      for (let round = 0; round < rounds; round += 1) {
        const figures = new Map();
        const { deliveriesPerSecond: bare } = await race(bareGot, true);
        for (const entrant of entrants) {
          figures.set(entrant, { drain: await race(entrant, true), endToEnd: await race(entrant, false) });
        }
        ran.push({ bare, figures });
      }
    }),
  );
  return {
    recipients,
    events,
    rounds,
    bareGotPerSecond: median(ran.map(({ bare }) => bare)),
    rows: entrants.map((entrant) => rowOf(entrant, ran)),
  };
}

function rowOf(entrant: Entrant, rounds: readonly Round[]): ContestRow {
  const drains: number[] = [];
  const endToEnds: number[] = [];
  const emits: RaceFigures[] = [];
  const cpu: number[] = [];
  for (const { bare, figures } of rounds) {
    const mine = figures.get(entrant);
    if (mine === undefined) continue;
    drains.push(mine.drain.deliveriesPerSecond / bare);
    endToEnds.push(mine.endToEnd.deliveriesPerSecond / bare);
    emits.push(mine.drain);
    cpu.push(mine.endToEnd.cpuMsPerEvent);
  }
  return {
    contestant: entrant.title,
    emitsPerSecond: median(emits.map(({ emitsPerSecond }) => emitsPerSecond)),
    emitP50Ms: median(emits.map(({ emitP50Ms }) => emitP50Ms)),
    emitP99Ms: median(emits.map(({ emitP99Ms }) => emitP99Ms)),
    drain: median(drains),
    endToEnd: median(endToEnds),
    drainSpread: spread(drains),
    endToEndSpread: spread(endToEnds),
    cpuMsPerEvent: median(cpu),
  };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function spread(values: readonly number[]): string {
  return `${Math.min(...values).toFixed(2)}-${Math.max(...values).toFixed(2)}`;
}
