import { alternate } from './alternate.ts';
import { measureApart } from './apart.ts';
import type { Arena } from './arena.ts';
import type { Race, RaceFigures } from './children/race.ts';
import type { Client } from './contestant.ts';
import { bare, type Entrant, setupOf } from './entrants.ts';
import type { Row } from './report.ts';
import { median, ratios, told } from './statistics.ts';

/** One who takes part, given one of the clients. */
export interface Contender {
  readonly entrant: Entrant;
  readonly client: Client;
}

/** A run of a contender. */
export interface Run extends Contender {
  readonly recipients: number;
  readonly kind: Race['kind'];
}

export interface Size {
  /** Of 1 KB, in each run. */
  readonly events: number;
  readonly rounds: number;
}

const callers = 16;

/** What runs that took turns have come to. */
export class Races {
  readonly #figures: ReadonlyMap<string, readonly RaceFigures[]>;

  private constructor(figures: ReadonlyMap<string, readonly RaceFigures[]>) {
    this.#figures = figures;
  }

  static async run(arena: Arena, runs: readonly Run[], { events, rounds }: Size): Promise<Races> {
    const figures = await alternate(runs, rounds, ({ entrant, client, recipients, kind }) =>
      arena.lend(entrant.keeps, (storage) => {
        const setup = setupOf(entrant, { url: arena.url, client, recipients, storage });
        const { module, name = 'default' } = entrant;
        const race: Race = { module, name, setup, events: Math.ceil(events * (entrant.share ?? 1)), callers, kind };
        return measureApart<Race, RaceFigures>('race', race);
      }),
    );
    return new Races(new Map([...figures].map(([run, all]) => [nameOf(run), all])));
  }

  /** The figures of each round, by the names of the runs. */
  get rounds(): object {
    return Object.fromEntries(this.#figures);
  }

  /** One figure in each round. The bare loop keeps nothing, so both its kinds are one. */
  values(run: Run, figure: keyof RaceFigures): readonly number[] {
    const found = this.#figures.get(nameOf(run.entrant === bare ? { ...run, kind: 'drain' } : run)) ?? [];
    return found.map((figures) => figures[figure]);
  }

  /** What a contender's two runs come to, beside the bare loop of the same client. */
  row(contender: Contender, recipients: number): Row {
    const drain: Run = { ...contender, recipients, kind: 'drain' };
    const endToEnd: Run = { ...drain, kind: 'end to end' };
    const loop: Run = { ...drain, entrant: bare };
    const toBare = (run: Run) =>
      told(ratios(this.values(run, 'deliveriesPerSecond'), this.values(loop, 'deliveriesPerSecond')));
    const middle = (run: Run, figure: keyof RaceFigures): number => median(this.values(run, figure));
    const mb = this.values(drain, 'rssMb').map((all, round) => all - (this.values(loop, 'rssMb')[round] ?? Number.NaN));
    return {
      recipients,
      contestant: titleOf(contender),
      'drain/s': middle(drain, 'deliveriesPerSecond'),
      'to bare': toBare(drain).median,
      spread: toBare(drain).spread,
      'end to end/s': middle(endToEnd, 'deliveriesPerSecond'),
      'end to end to bare': toBare(endToEnd).median,
      'its spread': toBare(endToEnd).spread,
      'CPU ms/delivery': middle(drain, 'cpuMs'),
      'end to end CPU ms': middle(endToEnd, 'cpuMs'),
      // With fewer events it has fewer in memory.
      'MB over bare': contender.entrant.share === undefined ? median(mb) : null,
    };
  }
}

/** All runs of contenders, each pair of them with the bare loop of its client. */
export function runsOf(entrants: readonly Entrant[], clients: readonly Client[], recipients: number): readonly Run[] {
  return clients.flatMap((client) => [
    { entrant: bare, client, recipients, kind: 'drain' as const },
    ...entrants.flatMap((entrant) =>
      (['drain', 'end to end'] as const).map((kind) => ({ entrant, client, recipients, kind })),
    ),
  ]);
}

export function titleOf({ entrant, client }: Contender): string {
  return `${entrant.title}, ${client}`;
}

function nameOf(run: Run): string {
  return `${titleOf(run)}, ${run.recipients} recipients, ${run.kind}`;
}
