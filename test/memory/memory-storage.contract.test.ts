import { describe, test } from 'vitest';
import { MemoryStorage } from '../../src/memory/memory-storage.ts';
import { testQueueStorage } from '../../src/testing.ts';

testQueueStorage({
  test,
  describe,
  create: async () => {
    const storage = new MemoryStorage();
    return { storage, reopen: async () => storage, dispose: async () => {} };
  },
});
