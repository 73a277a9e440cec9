import { spawnSync } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Guard } from '../postgres/guard.ts';
import { onFreePort, ServerProcess } from '../postgres/server-process.ts';

const program = 'redis-server';

/** As durable as a commit that is flushed: what is answered is on the disk. Commands that come together share a flush. */
const settings = {
  bind: '127.0.0.1',
  appendonly: 'yes',
  appendfsync: 'always',
  save: '',
};

/** Whether this machine has one, or can be given one: root's Debian fetches it. */
export function hasRedis(): boolean {
  if (runs(program, '--version')) return true;
  if (process.getuid?.() !== 0 || !runs('apt-get', '--version')) return false;
  console.log(`${program} is not here: installing it`);
  return runs('apt-get', 'update', '-qq') && runs('apt-get', 'install', '-y', '-qq', program);
}

function runs(command: string, ...args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}

/** Runs with the URL of a Redis of its own, new and empty. */
export async function withRedis<Result>(use: (url: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'outbound-events-redis-'));
  const guard = new Guard(folder);
  try {
    return await onFreePort(async (port) => {
      const words = Object.entries({ ...settings, port, dir: folder }).flatMap(([name, value]) => [
        `--${name}`,
        String(value),
      ]);
      // It tells its standard output; with `exec` the shell does not stay between.
      const args = ['-c', 'exec "$0" "$@" >&2', program, ...words];
      const readyLine = 'Ready to accept connections';
      const server = new ServerProcess({ program: 'sh', args, options: { cwd: folder }, readyLine }, guard);
      await server.start();
      try {
        return await use(`redis://127.0.0.1:${port}`);
      } finally {
        await server.end('SIGKILL');
      }
    });
  } finally {
    await guard.release();
  }
}
