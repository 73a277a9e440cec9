// Opens the file, as the user of that number if one is given, and says how it went.
import { isOutboundEventsError } from '../../../src/core/errors.ts';
import { SqliteStorage } from '../../../src/sqlite.ts';
import { say } from './say.ts';

const [file = '', user] = process.argv.slice(2);
const storage = new SqliteStorage({ file });
if (user !== undefined) process.setuid?.(Number(user));
try {
  await storage.open({ maxDeliveries: 10, maxBytes: 1e9 });
  await storage.close();
  say('opened');
} catch (error) {
  say(isOutboundEventsError(error) ? `${error.code} ${error.message}` : String(error));
}
