import { sqliteHereSubject } from './subjects/sqlite-here.ts';
import { sqliteThreadSubject } from './subjects/sqlite-thread.ts';
import { testStorage } from './test-storage.ts';

testStorage('a SQLite file', { create: sqliteHereSubject }, { short: 80, long: 20_000 });
// To start a thread takes longer than all commands of a run.
testStorage('a SQLite file and its thread', { create: sqliteThreadSubject }, { short: 2, long: 1_000 });
