// Appends so many events, one after the other, and says how long the event loop stood still meanwhile.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { SqliteStorage } from '../../../src/sqlite.ts';
import { storedEvent } from '../../../src/testing.ts';
import { say } from './say.ts';

const [file = '', count = ''] = process.argv.slice(2);
const storage = new SqliteStorage({ file });
await storage.open({ maxDeliveries: 1e6, maxBytes: 1e9 });
const begun = performance.now();
const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
for (let number = 0; number < Number(count); number += 1) {
  const event = storedEvent({ id: `event-${number}` });
  await storage.append([{ event, recipientIds: ['crm'] }], { forgetBefore: 0 });
}
delay.disable();
say(`p99 ${Math.round(delay.percentile(99) / 1e6)}`);
say(`took ${Math.round(performance.now() - begun)}`);
await storage.close();
