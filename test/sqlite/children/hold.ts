// Opens the file and stays.
import { SqliteStorage } from '../../../src/sqlite.ts';
import { say } from './say.ts';

const storage = new SqliteStorage({ file: String(process.argv[2]) });
await storage.open({ maxDeliveries: 10, maxBytes: 1e9 });
say('open');
setInterval(() => {}, 60_000);
