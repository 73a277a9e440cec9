import { spawnSync } from 'node:child_process';
import { chown, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Guard } from './guard.ts';
import { whoRunsPostgres } from './programs.ts';
import type { DatabaseConfig } from './server.ts';
import { onFreePort, ServerProcess } from './server-process.ts';

// Where Debian puts it is not on everybody's path.
const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` };

/** Whether PgBouncer is on this machine. */
export const hasPgBouncer = spawnSync('pgbouncer', ['--version'], { env }).status === 0;

/** A PgBouncer that pools by transaction. */
export interface PgBouncer extends AsyncDisposable {
  /** The database, by way of it. */
  readonly config: DatabaseConfig;
}

/** @param size how many connections with the database it has at most. */
export async function startPgBouncer(target: DatabaseConfig, size: number): Promise<PgBouncer> {
  const runAs = whoRunsPostgres();
  const folder = await mkdtemp(join(tmpdir(), 'outbound-events-pgbouncer-'));
  const guard = new Guard(folder);
  try {
    if (runAs !== undefined) await chown(folder, runAs.uid, runAs.gid);
    const file = join(folder, 'pgbouncer.ini');
    return await onFreePort(async (port) => {
      await writeFile(file, settings(target, size, port));
      const options = { ...runAs, cwd: folder, env };
      const command = { program: 'pgbouncer', args: [file], options, readyLine: 'process up' };
      const pgBouncer = new ServerProcess(command, guard);
      await pgBouncer.start();
      return {
        config: { ...target, port },
        [Symbol.asyncDispose]: async () => {
          await pgBouncer.end('SIGKILL');
          await guard.release();
        },
      };
    });
  } catch (error) {
    await guard.release();
    throw error;
  }
}

function settings({ host, port, user }: DatabaseConfig, size: number, ownPort: number): string {
  return `
[databases]
* = host=${host} port=${port} user=${user}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${ownPort}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = ${size}
`;
}
