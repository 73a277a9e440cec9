import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** Killed when it takes longer; its exit code is then `null`. */
const limitMs = 60_000;

const repository = join(import.meta.dirname, '../..');

export interface Surroundings {
  /** The environment besides the path. */
  readonly env?: Readonly<Record<string, string>>;
  /** A module to load first, in the example and in every process it forks. */
  readonly preload?: string;
}

/** `node …args` in the repository, with the source as the package `outbound-events`; ended with the test. */
export class RunningExample {
  /** All it has printed so far. */
  output = '';
  /** `null` when it was killed. */
  readonly exitCode: Promise<number | null>;
  readonly #process: ChildProcess;
  readonly #news = new EventEmitter();
  #ended = false;

  constructor(args: readonly string[], { env, preload }: Surroundings = {}) {
    const preloads = [import.meta.resolve('./from-source.ts'), ...(preload === undefined ? [] : [preload])];
    const imports = preloads.flatMap((file) => ['--import', file]);
    const child = spawn(process.execPath, [...imports, ...args], {
      cwd: repository,
      env: { PATH: process.env.PATH, ...env },
      timeout: limitMs,
      killSignal: 'SIGKILL',
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
        this.#news.emit('news');
      });
    }
    this.#process = child;
    this.exitCode = once(child, 'close').then(([code]) => {
      this.#ended = true;
      this.#news.emit('news');
      return code as number | null;
    });
    onTestFinished(async () => {
      this.kill('SIGKILL');
      await this.exitCode;
    });
  }

  /** Resolves with the first match in its output; rejects when it ends without one. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.output);
      if (match !== null) return match;
      if (this.#ended) throw new Error(`it ended without saying ${pattern}:\n${this.output}`);
      await once(this.#news, 'news');
    }
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }
}
