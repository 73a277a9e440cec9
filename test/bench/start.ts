import { alternate } from './alternate.ts';
import { measureApart } from './apart.ts';
import type { Arena } from './arena.ts';
import type { ImportPlan } from './children/import.ts';
import type { StartFigures, StartPlan } from './children/start.ts';
import { bare, clients, ownOnPostgres, ownOnSqlite, setupOf } from './entrants.ts';
import { type Contender, titleOf } from './races.ts';
import type { Report, Row } from './report.ts';
import { median, told } from './statistics.ts';

/** The entries of the package, and what they are made of. */
const modules = [
  'outbound-events',
  'outbound-events/sqlite',
  'outbound-events/postgres',
  'outbound-events/http',
  'outbound-events/undici',
  'outbound-events/email',
  'got',
  'undici',
  'pg',
  'nodemailer',
];

const recipients = 16;

/** How long imports take, and the way from nothing to the first delivery; each in processes of their own. */
export async function measureStart(arena: Arena, rounds: number): Promise<Report> {
  const imports = await alternate(modules, rounds, (specifier) =>
    measureApart<ImportPlan, number>('import', { specifier }),
  );
  const contenders = clients.flatMap((client) =>
    [bare, ownOnSqlite, ownOnPostgres].map((entrant): Contender => ({ entrant, client })),
  );
  const starts = await alternate(contenders, rounds, ({ entrant, client }) =>
    arena.lend(entrant.keeps, (storage) => {
      const setup = setupOf(entrant, { url: arena.url, client, recipients, storage });
      const { module, name = 'default' } = entrant;
      return measureApart<StartPlan, StartFigures>('start', { module, name, setup });
    }),
  );
  const importRows = [...imports].map(([module, ms]): Row => {
    const { median: middle, spread } = told(ms);
    return { module, 'import ms': middle, spread };
  });
  const startRows = [...starts].map(([contender, all]): Row => {
    const of = (value: keyof StartFigures): number => median(all.map((figures) => figures[value]));
    return {
      contestant: titleOf(contender),
      'imported ms': of('importedMs'),
      'ready ms': of('readyMs'),
      'started ms': of('startedMs'),
      'first event stored ms': of('storedMs'),
      'delivered ms': of('deliveredMs'),
      'RSS MB': of('rssMb'),
    };
  });
  return {
    tables: [
      { title: `Imports by a process that has loaded nothing else, ${rounds} rounds`, rows: importRows },
      {
        title: `From nothing to the first delivery, ${rounds} rounds`,
        notes: [
          `Times since a process with nothing but Node.js began to load it. Its empty storage gets ${recipients} recipients.`,
        ],
        rows: startRows,
      },
    ],
    rounds: {
      imports: Object.fromEntries(imports),
      starts: Object.fromEntries([...starts].map(([contender, all]) => [titleOf(contender), all])),
    },
  };
}
