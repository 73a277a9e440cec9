import { memorySubject } from './subjects/memory.ts';
import { testStorage } from './test-storage.ts';

testStorage('memory', { create: memorySubject }, { short: 300, long: 20_000 });
