import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Guard } from './guard.ts';

/** What a server says that is started while processes of one that was killed are still ending. */
const remains = /pre-existing shared memory block|lock file "postmaster.pid" already exists|Address already in use/;

/** The process of a server: started and ended any number of times, with the same arguments. */
export class Postmaster {
  readonly #program: string;
  readonly #args: readonly string[];
  readonly #options: SpawnOptions;
  readonly #guard: Guard;
  #process: ChildProcess | undefined;

  constructor(program: string, args: readonly string[], options: SpawnOptions, guard: Guard) {
    this.#program = program;
    this.#args = args;
    this.#options = options;
    this.#guard = guard;
  }

  /** Resolves when it takes connections; rejects with what it said if it does not get there. */
  async start(): Promise<void> {
    // In a session of its own: Ctrl-C is not for it.
    const child = spawn(this.#program, this.#args, {
      ...this.#options,
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
    });
    this.#process = child;
    this.#guard.watch(child.pid);
    const said: string[] = [];
    const ready = new Promise<'ready'>((resolve) => {
      createInterface(child.stderr).on('line', (line) => {
        if (line.includes('database system is ready to accept connections')) resolve('ready');
        said.push(line);
        if (said.length > 100) said.shift();
      });
    });
    const ended = once(child, 'close').then(() => {
      this.#process = undefined;
      this.#guard.watch(undefined);
    });
    if ((await Promise.race([ready, ended])) !== 'ready') {
      throw new Error(`PostgreSQL did not start:\n${said.join('\n')}`);
    }
  }

  /** The same, for a server that was killed: waits until what is left of it has ended. */
  async startAgain(): Promise<void> {
    for (let attempts = 1; ; attempts++) {
      try {
        return await this.start();
      } catch (error) {
        if (attempts === 100 || !remains.test(String(error))) throw error;
      }
      await sleep(50);
    }
  }

  /**
   * Ends it, if it runs: with SIGINT as an administrator does, with SIGQUIT without a checkpoint, with SIGKILL as a crash
   * does.
   */
  async end(signal: 'SIGINT' | 'SIGQUIT' | 'SIGKILL'): Promise<void> {
    const child = this.#process;
    if (child === undefined) return;
    const closed = once(child, 'close');
    child.kill(signal);
    await closed;
  }
}
