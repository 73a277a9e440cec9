import type { Arena } from './arena.ts';
import { bare, clients, ownOnPostgres, ownOnSqlite } from './entrants.ts';
import { Races, runsOf, type Size } from './races.ts';
import type { Report } from './report.ts';

/** The same deliveries for few recipients and for many. Each is sent one after the other, so one recipient is one request. */
export async function measureRecipients(arena: Arena, numbers: readonly number[], size: Size): Promise<Report> {
  const own = [ownOnSqlite, ownOnPostgres];
  const runs = numbers.flatMap((recipients) => runsOf(own, clients, recipients));
  const races = await Races.run(arena, runs, size);
  return {
    tables: clients.map((client) => ({
      title: `${size.events} events of 1 KB for few recipients and for many, by ${client}, ${size.rounds} rounds`,
      notes: [
        'At most 16 requests are under way, and one for each recipient. Ratios are to the bare loop with as many.',
      ],
      rows: numbers.flatMap((recipients) =>
        [bare, ...own].map((entrant) => races.row({ entrant, client }, recipients)),
      ),
    })),
    rounds: races.rounds,
  };
}
