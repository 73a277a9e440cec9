// Appends so many events, each in a transaction of its own, in the thread of the program and with the given setting of
// SQLite: what the storage would be without its worker, or without its flushes. Says how long the event loop stood still.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { BatchRunner } from '../../../src/sqlite/batch-runner.ts';
import { openStorageFile } from '../../../src/sqlite/storage-file.ts';
import { storedEvent } from '../../../src/testing.ts';
import { say } from './say.ts';

const [path = '', count = '', synchronous = ''] = process.argv.slice(2);
const file = openStorageFile(path);
file.database.exec(`PRAGMA synchronous = ${synchronous}`);
const runner = new BatchRunner(file, { maxDeliveries: 1e6, maxBytes: 1e9 });
runner.run([{ operation: 'saveRecipient', args: [{ id: 'crm', settings: '{}' }] }]);
const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
for (let number = 0; number < Number(count); number += 1) {
  const event = storedEvent({ id: `event-${number}` });
  runner.run([{ operation: 'append', args: [[{ event, recipientIds: ['crm'] }], { forgetBefore: 0 }] }]);
  await new Promise(setImmediate);
}
delay.disable();
say(`p99 ${Math.round(delay.percentile(99) / 1e6)}`);
file.close();
