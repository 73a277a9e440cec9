import { describe, test } from 'node:test';
import { MemoryStorage } from '../../../src/memory/memory-storage.ts';
import { testQueueStorage, testTransport } from '../../../src/testing.ts';
import { PlainTransport } from '../broken-transports/plain-transport.ts';

const createStorage = async () => {
  const storage = new MemoryStorage();
  return { storage, reopen: async () => storage, dispose: async () => {} };
};

testQueueStorage({ test, create: createStorage });
testQueueStorage({ test, describe, create: createStorage });
testTransport({ test, describe, create: async () => new PlainTransport() });
