import type { Arena } from './arena.ts';
import type { Client } from './contestant.ts';
import * as known from './entrants.ts';
import { Races, type Run, runsOf, type Size, titleOf } from './races.ts';
import type { Report, Row } from './report.ts';
import { median, ratios, told } from './statistics.ts';

const recipients = 16;

const queues = [
  known.ownOnSqlite,
  known.ownOnPostgres,
  known.bullmq,
  known.plainjob,
  known.pgBoss,
  known.graphileOrdered,
  known.graphileBatched,
];

/** Durable emits by 16 callers, and deliveries with 16 requests under way, beside bare loops and the queues of others. */
export async function holdContest(arena: Arena, size: Size): Promise<Report> {
  const present = queues.filter(({ keeps }) => arena.has(keeps));
  const races = await Races.run(arena, runsOf(present, known.clients, recipients), size);
  const contenders = known.clients.flatMap((client) =>
    [known.bare, ...present].map((entrant) => ({ entrant, client })),
  );
  return {
    tables: [
      {
        title: `${size.events} events of 1 KB for ${recipients} recipients, ${size.rounds} rounds`,
        notes: [
          'Ratios are to the bare loop of the same client in the same round.',
          'BullMQ, plainjob and pg-boss keep no order. Slow ones get fewer events: pg-boss half, plainjob and graphile-worker a quarter.',
          'CPU and memory are those of the process, without the servers that some need.',
          ...queues
            .filter((queue) => !present.includes(queue))
            .map(({ title }) => `${title}: skipped, it cannot be had here.`),
        ],
        rows: contenders.map((contender) => races.row(contender, recipients)),
      },
      {
        title: 'Emits in these runs, before the delivering began',
        rows: contenders
          .filter(({ entrant, client }) => entrant !== known.bare && client === 'got')
          .map((contender) => emitRow(races, { ...contender, recipients, kind: 'drain' })),
      },
      {
        title: 'How many times the ones are the others, round by round',
        rows: goals
          .filter(({ other }) => other === known.bare || present.includes(other))
          .map((goal) => goalRow(races, goal)),
      },
    ],
    rounds: races.rounds,
  };
}

function emitRow(races: Races, run: Run): Row {
  return {
    contestant: run.entrant.title,
    'emits/s': median(races.values(run, 'emitsPerSecond')),
    'p50 ms': median(races.values(run, 'emitP50Ms')),
    'p99 ms': median(races.values(run, 'emitP99Ms')),
  };
}

/** What is to be reached: so many times what another does. */
interface Goal {
  readonly measure: Run['kind'] | 'emits';
  readonly one: known.Entrant;
  readonly client: Client;
  readonly other: known.Entrant;
  /** Another than that of the one. */
  readonly otherClient?: Client;
  readonly atLeast: number;
}

const { ownOnSqlite: sqlite, ownOnPostgres: postgres, bare, bullmq, plainjob, pgBoss, graphileOrdered } = known;

const goals: readonly Goal[] = [
  { measure: 'drain', one: sqlite, client: 'got', other: bare, atLeast: 0.9 },
  { measure: 'drain', one: sqlite, client: 'undici', other: bare, atLeast: 0.9 },
  { measure: 'end to end', one: sqlite, client: 'got', other: bare, atLeast: 0.85 },
  { measure: 'end to end', one: sqlite, client: 'undici', other: bare, atLeast: 0.7 },
  { measure: 'end to end', one: sqlite, client: 'got', other: bullmq, atLeast: 1.6 },
  { measure: 'end to end', one: sqlite, client: 'undici', other: bullmq, otherClient: 'got', atLeast: 4.5 },
  { measure: 'end to end', one: sqlite, client: 'got', other: plainjob, atLeast: 2.5 },
  { measure: 'end to end', one: sqlite, client: 'undici', other: plainjob, otherClient: 'got', atLeast: 6.5 },
  { measure: 'end to end', one: sqlite, client: 'undici', other: plainjob, atLeast: 1.5 },
  { measure: 'end to end', one: postgres, client: 'got', other: graphileOrdered, atLeast: 5 },
  { measure: 'end to end', one: postgres, client: 'undici', other: graphileOrdered, otherClient: 'got', atLeast: 12 },
  { measure: 'end to end', one: postgres, client: 'got', other: pgBoss, atLeast: 2 },
  { measure: 'end to end', one: postgres, client: 'undici', other: pgBoss, otherClient: 'got', atLeast: 5 },
  { measure: 'emits', one: postgres, client: 'got', other: pgBoss, atLeast: 6 },
  { measure: 'emits', one: postgres, client: 'got', other: graphileOrdered, atLeast: 10 },
];

function goalRow(races: Races, { measure, one, client, other, otherClient = client, atLeast }: Goal): Row {
  const figure = measure === 'emits' ? 'emitsPerSecond' : 'deliveriesPerSecond';
  const common = { recipients, kind: measure === 'emits' ? 'drain' : measure } as const;
  const ones = races.values({ entrant: one, client, ...common }, figure);
  const others = races.values({ entrant: other, client: otherClient, ...common }, figure);
  const { median: times, spread } = told(ratios(ones, others));
  return {
    measure,
    the: titleOf({ entrant: one, client }),
    'is to the': titleOf({ entrant: other, client: otherClient }),
    times,
    spread,
    goal: atLeast,
    reached: times >= atLeast ? 'yes' : 'no',
  };
}
