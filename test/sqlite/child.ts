import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';

/** Whether a child can be given file systems that only it sees, by way of `unshare -rm`. */
export const canMount = spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0;

/** How a child ended, and all it said. */
export interface ChildEnd {
  readonly code: number | null;
  readonly signal: string | null;
  readonly lines: readonly string[];
  readonly errors: string;
}

/** Has a process work on the file, and kills it amid that. Resolves with all it said: `stored event-id`, `settled sequence`. */
export async function killAmidWork(file: string): Promise<readonly string[]> {
  const child = new Child('append-for-ever', [file, 'round']);
  await child.says('stored round-0-100');
  return (await child.kill()).lines;
}

/** What followed a word at the beginning of a line. */
export function said(lines: readonly string[], what: string): readonly string[] {
  return lines.filter((line) => line.startsWith(`${what} `)).map((line) => line.slice(what.length + 1));
}

/** A program of `children/` in a process of its own; killed after the test if it still runs. */
export class Child {
  /** Settles when it has ended. */
  readonly ended: Promise<ChildEnd>;
  readonly #process: ChildProcess;
  readonly #lines: string[] = [];
  readonly #waiting = new Map<string, () => void>();

  /** @param wrapper a program, with its arguments, that runs the child: `strace`, `unshare`. */
  constructor(name: string, args: readonly string[] = [], wrapper: readonly string[] = []) {
    const program = new URL(`./children/${name}.ts`, import.meta.url).pathname;
    const [command = '', ...rest] = [...wrapper, process.execPath, program, ...args];
    const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#process = child;
    createInterface(child.stdout).on('line', (line) => {
      this.#lines.push(line);
      this.#waiting.get(line)?.();
    });
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors += text;
    });
    this.ended = once(child, 'close').then(([code, signal]) => ({
      code: code as number | null,
      signal: signal as string | null,
      lines: this.#lines,
      errors,
    }));
    onTestFinished(() => this.kill().then(() => {}));
  }

  /** Resolves when the child has said `line`; rejects when it ends without it. */
  async says(line: string): Promise<void> {
    if (this.#lines.includes(line)) return;
    const said = new Promise<'said'>((resolve) => {
      this.#waiting.set(line, () => resolve('said'));
    });
    const first = await Promise.race([said, this.ended]);
    if (first !== 'said') throw new Error(`the child ended without saying "${line}": ${first.errors}`);
  }

  /** Ends it as a crash would, if it still runs. */
  async kill(): Promise<ChildEnd> {
    this.#process.kill('SIGKILL');
    return this.ended;
  }
}
