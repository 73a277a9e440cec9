import { execFile } from 'node:child_process';
import { chown, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Guard } from './guard.ts';
import { Postmaster } from './postmaster.ts';
import { findPrograms, whoRunsPostgres } from './programs.ts';

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
  readonly #postmaster: Postmaster;
  readonly #guard: Guard;

  constructor(config: DatabaseConfig, postmaster: Postmaster, guard: Guard) {
    this.config = config;
    this.#postmaster = postmaster;
    this.#guard = guard;
  }

  /** Ends it as a crash would. Its processes for single connections notice it, and may outlive it for a moment. */
  async kill(): Promise<void> {
    await this.#postmaster.end('SIGKILL');
  }

  /** Starts it again, on the same port and with the same data; one that runs is shut down first. */
  async restart(): Promise<void> {
    await this.#postmaster.end('SIGINT');
    await this.#postmaster.startAgain();
  }

  /** Ends it for good, and removes its data. */
  async stop(): Promise<void> {
    await this.#postmaster.end('SIGQUIT');
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
      const postmaster = new Postmaster(join(programs, 'postgres'), args, options, guard);
      await postmaster.start();
      return new Server({ ...config, port }, postmaster, guard);
    });
  } catch (error) {
    await guard.release();
    throw error;
  }
}

function settingArgs(settings: ServerSettings): readonly string[] {
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/**
 * Has something start on a port that is free, and on another one if somebody was faster. The ports are below those that
 * systems give to clients, so that none of these takes it while the server is away.
 */
async function onFreePort<T>(start: (port: number) => Promise<T>): Promise<T> {
  for (let attempts = 1; ; attempts++) {
    try {
      return await start(20_000 + Math.floor(Math.random() * 10_000));
    } catch (error) {
      if (attempts === 100 || !String(error).includes('Address already in use')) throw error;
    }
  }
}
