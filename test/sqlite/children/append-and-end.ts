// Appends one event, and ends without closing the storage.
import { SqliteStorage } from '../../../src/sqlite.ts';
import { storedEvent } from '../../../src/testing.ts';
import { say } from './say.ts';

const storage = new SqliteStorage({ file: String(process.argv[2]) });
await storage.open({ maxDeliveries: 10, maxBytes: 1e9 });
await storage.saveRecipient({ id: 'crm', settings: '{}' });
const [result] = await storage.append([{ event: storedEvent(), recipientIds: ['crm'] }], { forgetBefore: 0 });
say(String(result?.status));
