import { MemoryStorage } from '../../../src/memory/memory-storage.ts';
import type { ModelSubject } from '../model-subject.ts';

/** What it keeps lasts as long as the object: it can only be closed. */
export function memorySubject(): ModelSubject {
  const storage = new MemoryStorage();
  return { storage, reopen: async () => storage, dispose: async () => {}, exactLimits: 'all' };
}
