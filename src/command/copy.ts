import { createRequire } from 'node:module';
import { join } from 'node:path';
import { isOutboundEventsError } from '../core/errors.ts';
import { copyToPostgres, type PostgresPool } from '../postgres.ts';
import { parseArguments, usage } from './arguments.ts';
import { type Output, ProgressLine } from './progress-line.ts';

/** What a command finds around it. */
export interface Surroundings {
  readonly databaseUrl: string | undefined;
  /** The folder whose `pg` is used. */
  readonly folder: string;
  readonly output: Output;
  readonly errors: Output;
}

/** Runs the command; resolves with its exit code. Says nothing that could hold a password. */
export async function run(args: readonly string[], surroundings: Surroundings): Promise<0 | 1 | 2> {
  const { databaseUrl, folder, output, errors } = surroundings;
  const request = parseArguments(args, databaseUrl);
  if (typeof request === 'string') {
    errors.write(`outbound-events: ${request}\n\n${usage}`);
    return 2;
  }
  if (request.asks === 'help') {
    output.write(usage);
    return 0;
  }
  const Pool = findPool(folder);
  if (Pool === null) {
    errors.write('outbound-events: pg is not there; run this in the folder of your host, or npm install pg\n');
    return 1;
  }
  const pool = new Pool({ connectionString: request.to, max: 1, keepAlive: true });
  pool.on('error', () => {});
  const line = new ProgressLine(output);
  try {
    const { from: file, schema } = request;
    const counts = await copyToPostgres({ file, pool, schema, onProgress: (progress) => line.show(progress) });
    line.end();
    const { recipients, events, deliveries, dropped } = counts;
    output.write(
      `Copied ${recipients} recipients, ${events} events, ${deliveries} deliveries that wait and ${dropped} that were dropped.\n` +
        `${file} is as it was. Start no host on it again: it would send what waits in it a second time.\n`,
    );
    return 0;
  } catch (error) {
    line.end();
    const said = isOutboundEventsError(error) ? `${error.code}: ${error.message}` : 'it failed, and says no more';
    errors.write(`outbound-events: ${said}\n`);
    return 1;
  } finally {
    await pool.end().catch(() => {});
  }
}

interface Pool extends PostgresPool {
  on(event: 'error', listener: () => void): unknown;
  end(): Promise<void>;
}

type PoolClass = new (options: { connectionString: string; max: number; keepAlive: boolean }) => Pool;

/** `pg` as the host has it; `null` where it is not to be found. */
function findPool(folder: string): PoolClass | null {
  try {
    return (createRequire(join(folder, 'package.json'))('pg') as { readonly Pool: PoolClass }).Pool;
  } catch {
    return null;
  }
}
