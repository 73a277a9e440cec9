import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Runs a program to its end and resolves with what it printed. Rejects with all it said if it fails, or hangs. */
export async function run(program: string, args: readonly string[], cwd: string): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(program, args, { cwd, timeout: 110_000 });
    return stdout;
  } catch (error) {
    const { message, stdout } = error as Error & { readonly stdout: string };
    throw new Error(`${message}\n${stdout}`);
  }
}
