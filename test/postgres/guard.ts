import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** Ends when its input does, which is when we have ended, however that was. Each line is the process to end then. */
const script = `
while read -r line; do process=$line; done
if [ -n "$process" ]; then
  kill -QUIT "$process"
  while kill -0 "$process"; do sleep 0.05; done
fi
rm -rf "$1"
`;

/** Removes a folder, and ends the process that works in it, when we have ended: after `kill -9`, too. */
export class Guard {
  readonly #process: ChildProcess;
  readonly #ended: Promise<unknown>;

  constructor(folder: string) {
    // In a session of its own: Ctrl-C is not for it.
    this.#process = spawn('sh', ['-c', script, 'sh', folder], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
    this.#ended = once(this.#process, 'exit');
  }

  /** From now on this process has to be ended, or none. */
  watch(pid: number | undefined): void {
    this.#process.stdin?.write(`${pid ?? ''}\n`);
  }

  /** Has it do its work now; the second time there is nothing left to do. */
  async release(): Promise<void> {
    this.#process.stdin?.end();
    await this.#ended;
  }
}
