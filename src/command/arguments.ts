import { parseArgs } from 'node:util';

export const usage = `Usage: outbound-events copy --from FILE [--to URL] [--schema NAME]

Copies all that the file of a SqliteStorage holds to PostgreSQL, where a PostgresStorage goes on with it.

  --from FILE    the file; no host may have it open, and it is not changed
  --to URL       the database: postgres://user:password@host:5432/name
                 Default: the variable DATABASE_URL, which other users of the machine cannot see.
  --schema NAME  the schema, empty or not there yet. Default: outbound_events
`;

/** What is asked for: a copy, or how to ask. */
export type Request =
  | { readonly asks: 'copy'; readonly from: string; readonly to: string; readonly schema: string | undefined }
  | { readonly asks: 'help' };

/** What the arguments ask for, or in one sentence what is wrong with them. Never says what they are: they may hold a password. */
export function parseArguments(args: readonly string[], databaseUrl: string | undefined): Request | string {
  const parsed = parse(args);
  if (parsed === null) return 'an option is not known, or lacks its value';
  const { from, to = databaseUrl, schema, help } = parsed.values;
  if (help === true) return { asks: 'help' };
  const [command, ...others] = parsed.positionals;
  if (command !== 'copy' || others.length > 0) return 'the one thing it can do is: copy';
  if (from === undefined) return '--from is missing: the file to copy';
  if (to === undefined || to === '') return '--to is missing, and so is the variable DATABASE_URL: where to copy to';
  if (!/^postgres(ql)?:\/\//.test(to) || !URL.canParse(to)) return 'where to copy to must be a URL: postgres://…';
  return { asks: 'copy', from, to, schema };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        from: { type: 'string' },
        to: { type: 'string' },
        schema: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch {
    return null;
  }
}
