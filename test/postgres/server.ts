import { execFile } from 'node:child_process';
import { chown, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Guard } from './guard.ts';
import { findPrograms, whoRunsPostgres } from './programs.ts';
import { onFreePort, ServerProcess } from './server-process.ts';

/** Where a database is found; `pg` takes it as it is. */
export interface DatabaseConfig {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  /** Said aloud, so that no variable of the environment can say otherwise. */
  readonly ssl: false;
}

/** Settings of the server, as in `postgresql.conf`. */
export type ServerSettings = Readonly<Record<string, string | number>>;

const defaults: ServerSettings = {
  listen_addresses: '127.0.0.1',
  // No socket in a folder that all share.
  unix_socket_directories: '',
  max_connections: 200,
  shared_buffers: '16MB',
  // In the folder of the data, so that nothing of it is left behind by a `kill -9`.
  dynamic_shared_memory_type: 'mmap',
};

/** The data of tests needs no flush before the first test. The order of texts is that of their bytes. */
const initArgs = [
  '--username=postgres',
  '--auth=trust',
  '--encoding=UTF8',
  '--no-locale',
  '--no-sync',
  '--no-instructions',
];

const config = { host: '127.0.0.1', user: 'postgres', database: 'postgres', ssl: false } as const;

/**
 * A PostgreSQL of the test's own, on a free port of loopback, with its data in a temporary folder. It flushes to the
 * disk as in production: durability is what is tested. It ends, and the folder is removed, with `stop()`, or at the
 * latest with this process.
 */
export class Server {
  readonly config: DatabaseConfig;
  readonly #process: ServerProcess;
  readonly #guard: Guard;

  constructor(config: DatabaseConfig, process: ServerProcess, guard: Guard) {
    this.config = config;
    this.#process = process;
    this.#guard = guard;
  }

  /** Ends it as a crash would. Its processes for single connections notice it, and may outlive it for a moment. */
  async kill(): Promise<void> {
    await this.#process.end('SIGKILL');
  }

  /** Starts it again, on the same port and with the same data; one that runs is shut down first. */
  async restart(): Promise<void> {
    await this.#process.end('SIGINT');
    await this.#process.startAgain();
  }

  /** Ends it for good, and removes its data. */
  async stop(): Promise<void> {
    await this.#process.end('SIGQUIT');
    await this.#guard.release();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** Starts a server, with settings of its own if need be; it takes about a second. */
export async function startServer(settings: ServerSettings = {}): Promise<Server> {
  const runAs = whoRunsPostgres();
  const folder = await mkdtemp(join(tmpdir(), 'outbound-events-postgres-'));
  const guard = new Guard(folder);
  try {
    if (runAs !== undefined) await chown(folder, runAs.uid, runAs.gid);
    const programs = await findPrograms(runAs, folder);
    const data = join(folder, 'data');
    const options = { ...runAs, cwd: folder, env: { LC_ALL: 'C', PATH: process.env.PATH } };
    await promisify(execFile)(join(programs, 'initdb'), [...initArgs, '-D', data], options);
    return await onFreePort(async (port) => {
      const args = ['-D', data, ...settingArgs({ ...defaults, ...settings, port })];
      const readyLine = 'database system is ready to accept connections';
      const server = new ServerProcess({ program: join(programs, 'postgres'), args, options, readyLine }, guard);
      await server.start();
      return new Server({ ...config, port }, server, guard);
    });
  } catch (error) {
    await guard.release();
    throw error;
  }
}

function settingArgs(settings: ServerSettings): readonly string[] {
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}
