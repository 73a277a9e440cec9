import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasRedis, withRedis } from './redis.ts';
import { type WithDatabase, withPostgres, withReceiver } from './servers.ts';

/** Where something is kept. */
export type StorageKind = 'folder' | 'PostgreSQL' | 'Redis';

/** What all have in common: a receiver, and where to keep what each has. */
export class Arena {
  /** Of the receiver. */
  readonly url: string;
  readonly #withDatabase: WithDatabase;
  readonly #hasRedis: boolean;

  constructor(url: string, withDatabase: WithDatabase) {
    this.url = url;
    this.#withDatabase = withDatabase;
    this.#hasRedis = hasRedis();
  }

  /** Whether it can be had on this machine. */
  has(kind: StorageKind): boolean {
    return kind !== 'Redis' || this.#hasRedis;
  }

  /** Lends a folder, or the URL of a server's database: of its own, new and empty. */
  lend<Result>(kind: StorageKind, use: (storage: string) => Promise<Result>): Promise<Result> {
    switch (kind) {
      case 'folder':
        return withFolder(use);
      case 'PostgreSQL':
        return this.#withDatabase(use);
      case 'Redis':
        return withRedis(use);
    }
  }

  /** The same, several at once. */
  lendAll<Result>(
    kinds: readonly StorageKind[],
    use: (storages: readonly string[]) => Promise<Result>,
  ): Promise<Result> {
    const [first, ...others] = kinds;
    if (first === undefined) return use([]);
    return this.lend(first, (storage) => this.lendAll(others, (storages) => use([storage, ...storages])));
  }
}

export function withArena<Result>(use: (arena: Arena) => Promise<Result>): Promise<Result> {
  return withReceiver((url) => withPostgres((withDatabase) => use(new Arena(url, withDatabase))));
}

async function withFolder<Result>(use: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'outbound-events-bench-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}
