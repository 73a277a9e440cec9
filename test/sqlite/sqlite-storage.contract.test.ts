import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'vitest';
import { SqliteStorage } from '../../src/sqlite.ts';
import { testQueueStorage } from '../../src/testing.ts';

testQueueStorage({
  test: test.concurrent,
  describe,
  create: async () => {
    const directory = await mkdtemp(join(tmpdir(), 'outbound-events-'));
    const file = join(directory, 'queue.db');
    return {
      storage: new SqliteStorage({ file }),
      reopen: async () => new SqliteStorage({ file }),
      dispose: () => rm(directory, { recursive: true }),
    };
  },
});
