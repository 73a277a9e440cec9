import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Guard } from './guard.ts';

export interface ServerCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly options: SpawnOptions;
  /** What it says on its standard error once it takes connections. */
  readonly readyLine: string;
}

const portIsTaken = 'Address already in use';

/** What PostgreSQL says when it is started while processes of one that was killed are still ending. */
const remains = ['pre-existing shared memory block', 'lock file "postmaster.pid" already exists', portIsTaken];

/** The process of a server: started and ended any number of times, with the same command. */
export class ServerProcess {
  readonly #command: ServerCommand;
  readonly #guard: Guard;
  #process: ChildProcess | undefined;

  constructor(command: ServerCommand, guard: Guard) {
    this.#command = command;
    this.#guard = guard;
  }

  /** Resolves when it takes connections; rejects with what it said if it does not get there. */
  async start(): Promise<void> {
    const { program, args, options, readyLine } = this.#command;
    // In a session of its own: Ctrl-C is not for it.
    const child = spawn(program, args, { ...options, stdio: ['ignore', 'ignore', 'pipe'], detached: true });
    this.#process = child;
    this.#guard.watch(child.pid);
    const said: string[] = [];
    const ready = new Promise<'ready'>((resolve) => {
      createInterface(child.stderr).on('line', (line) => {
        if (line.includes(readyLine)) resolve('ready');
        said.push(line);
        if (said.length > 100) said.shift();
      });
    });
    const ended = once(child, 'close').then(() => {
      this.#process = undefined;
      this.#guard.watch(undefined);
    });
    if ((await Promise.race([ready, ended])) !== 'ready') {
      throw new Error(`${program} did not start:\n${said.join('\n')}`);
    }
  }

  /** The same, for a server that was killed: waits until what is left of it has ended. */
  async startAgain(): Promise<void> {
    for (let attempts = 1; ; attempts++) {
      try {
        return await this.start();
      } catch (error) {
        if (attempts === 100 || !remains.some((words) => String(error).includes(words))) throw error;
      }
      await sleep(50);
    }
  }

  /** Ends it, if it runs, with a signal that has it end. */
  async end(signal: 'SIGINT' | 'SIGQUIT' | 'SIGKILL'): Promise<void> {
    const child = this.#process;
    if (child === undefined) return;
    const closed = once(child, 'close');
    child.kill(signal);
    await closed;
  }
}

/**
 * Has something start on a port that is free, and on another one if somebody was faster. The ports are below those that
 * systems give to clients, so that none of these takes it while the server is away.
 */
export async function onFreePort<T>(start: (port: number) => Promise<T>): Promise<T> {
  for (let attempts = 1; ; attempts++) {
    try {
      return await start(20_000 + Math.floor(Math.random() * 10_000));
    } catch (error) {
      if (attempts === 100 || !String(error).includes(portIsTaken)) throw error;
    }
  }
}
