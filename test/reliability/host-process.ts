import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Order, Report } from './host-messages.ts';

const program = fileURLToPath(new URL('./host.ts', import.meta.url));

/** How a host's process ended. */
export interface HostEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** What it wrote as its last words. */
  readonly stderr: string;
}

/** A host application in a process of its own, as its parent process sees it. */
export class HostProcess {
  /** Resolves when the process has ended and everything it reported was heard. */
  readonly ended: Promise<HostEnd>;
  readonly #child: ChildProcess;

  /** @param env variables besides our own. */
  constructor(hear: (report: Report) => void, env: NodeJS.ProcessEnv = {}) {
    this.#child = fork(program, {
      execArgv: [],
      env: { ...process.env, ...env },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#child.on('message', hear);
    this.ended = this.#end();
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** An order to a process that has just ended is nobody's. */
  order(order: Order): void {
    this.#child.send(order, () => {});
  }

  /** `kill -9`. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }

  /** Has it stand still. */
  pause(): void {
    this.#child.kill('SIGSTOP');
  }

  /** Has it go on after a pause. */
  resume(): void {
    this.#child.kill('SIGCONT');
  }

  async #end(): Promise<HostEnd> {
    const { stderr } = this.#child;
    const [[code, signal], lastWords] = await Promise.all([
      once(this.#child, 'exit'),
      stderr === null ? '' : text(stderr),
      once(this.#child, 'disconnect'),
    ]);
    return { code, signal, stderr: lastWords };
  }
}
