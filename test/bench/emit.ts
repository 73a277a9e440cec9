import { spawnSync } from 'node:child_process';
import { alternate } from './alternate.ts';
import { measureApart } from './apart.ts';
import type { Arena } from './arena.ts';
import type { EmitFigures, EmitPlan } from './children/emit.ts';
import * as known from './entrants.ts';
import type { Report, Row } from './report.ts';
import { median, ratios, told } from './statistics.ts';

const recipients = 16;

interface Turn {
  readonly entrant: known.Entrant;
  readonly load: EmitPlan['load'];
}

/** Durable emits by callers that each wait for their own, beside node:sqlite alone and the queues of others. */
export function measureEmits(arena: Arena, seconds: number, rounds: number): Promise<Report> {
  const entrants = [
    known.rawSqlite,
    known.rawSqliteWithOurRows,
    known.ownOnSqlite,
    known.plainjob,
    known.bullmq,
    known.ownOnPostgres,
    known.pgBoss,
    known.graphileOrdered,
  ].filter(({ keeps }) => arena.has(keeps));
  const loads = [{ callers: 1 }, { callers: 16 }, { callers: 256 }];
  const turns = loads.flatMap((load) => entrants.map((entrant) => ({ entrant, load })));
  const title = `Durable emits of events of 1 KB for ${recipients} recipients, each for one of them`;
  return measure(arena, { title, turns, seconds, rounds });
}

const flushMs = 5;
const flushes = 'fsync,fdatasync';
const slowDisk = [
  ['strace', '-f', '-qq', '--seccomp-bpf', '-o', '/dev/null'],
  ['-e', `trace=${flushes}`, '-e', `inject=${flushes}:delay_exit=${flushMs}ms`],
].flat();

/** The same on a disk that takes its time, which strace makes of any. */
export async function measureEmitsOnSlowDisk(arena: Arena, seconds: number, rounds: number): Promise<Report> {
  const title = `Durable emits on a disk that takes ${flushMs} ms more to flush`;
  if (spawnSync('strace', ['-e', 'trace=none', 'true']).status !== 0)
    return { tables: [{ title, notes: ['Skipped: strace is not here, or may not trace.'], rows: [] }], rounds: null };
  const loads = [{ callers: 16 }, { callers: 256 }, { perSecond: 1_000 }];
  const turns = loads.flatMap((load) =>
    [known.rawSqlite, known.rawSqliteWithOurRows, known.ownOnSqlite].map((entrant) => ({ entrant, load })),
  );
  return measure(arena, { title, turns, seconds, rounds, wrapper: slowDisk });
}

interface Plan {
  readonly title: string;
  readonly turns: readonly Turn[];
  readonly seconds: number;
  readonly rounds: number;
  readonly wrapper?: readonly string[];
}

async function measure(arena: Arena, { title, turns, seconds, rounds, wrapper = [] }: Plan): Promise<Report> {
  const figures = await alternate(turns, rounds, ({ entrant, load }) =>
    arena.lend(entrant.keeps, (storage) => {
      const setup = known.setupOf(entrant, { url: arena.url, client: 'got', recipients, storage });
      const plan: EmitPlan = { module: entrant.module, name: entrant.name ?? 'default', setup, load, seconds };
      return measureApart<EmitPlan, EmitFigures>('emit', plan, wrapper);
    }),
  );
  const rates = (load: Turn['load'], entrant: known.Entrant): readonly number[] => {
    const found = [...figures].find(([turn]) => turn.load === load && turn.entrant === entrant);
    return found?.[1].map(({ perSecond }) => perSecond) ?? [];
  };
  const rows = turns.map((turn): Row => {
    const all = figures.get(turn) ?? [];
    const of = (value: (figures: EmitFigures) => number): number => median(all.map(value));
    const toRaw = told(ratios(rates(turn.load, turn.entrant), rates(turn.load, known.rawSqlite)));
    const isOnSqlite = turn.entrant.keeps === 'folder';
    return {
      load: 'callers' in turn.load ? `${turn.load.callers} callers` : `${turn.load.perSecond} a second`,
      queue: turn.entrant.title,
      'emits/s': of(({ perSecond }) => perSecond),
      'to node:sqlite': isOnSqlite ? toRaw.median : null,
      spread: isOnSqlite ? toRaw.spread : null,
      'p50 ms': of(({ p50Ms }) => p50Ms),
      'p99 ms': of(({ p99Ms }) => p99Ms),
      'host CPU ms/emit': of(({ hostMsPerEmit }) => hostMsPerEmit),
      'loop delay p99 ms': of(({ loopDelayP99Ms }) => loopDelayP99Ms),
    };
  });
  return {
    tables: [
      {
        title: `${title}, ${rounds} rounds`,
        notes: [
          'A thread that only inserts rows, and commits together what came meanwhile, is node:sqlite alone: one row for each event, or our three.',
          'CPU is that of the thread of the host; how late its event loop is cannot be less than 1 ms.',
        ],
        rows,
      },
    ],
    rounds: turns.map((turn) => ({ queue: turn.entrant.title, load: turn.load, figures: figures.get(turn) })),
  };
}
