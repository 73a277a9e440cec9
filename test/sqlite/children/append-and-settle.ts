// Appends so many events for two recipients and settles most of the deliveries of one, and says what is done as soon as it
// is. With NORMAL no commit is flushed: what a power cut takes from that shows that one can be seen.
import type { LeaseRef, QueueStorage } from '../../../src/core/storage.ts';
import { BatchRunner } from '../../../src/sqlite/batch-runner.ts';
import type { Call } from '../../../src/sqlite/protocol.ts';
import { openStorageFile } from '../../../src/sqlite/storage-file.ts';
import { SqliteStorage } from '../../../src/sqlite.ts';
import { numberedEvent } from '../numbered-event.ts';
import { say } from './say.ts';

const [path = '', count = '', synchronous = ''] = process.argv.slice(2);
const limits = { maxDeliveries: 1e6, maxBytes: 1e9 };
const recipientIds = ['crm', 'erp'];

type Storage = Pick<QueueStorage, 'saveRecipient' | 'claim' | 'append' | 'settle' | 'close'>;

async function openStorage(): Promise<Storage> {
  const storage = new SqliteStorage({ file: path });
  await storage.open(limits);
  return storage;
}

/** As the worker of a storage does it, but for the flush. */
function openInThisThread(): Storage {
  const file = openStorageFile(path);
  file.database.exec(`PRAGMA synchronous = ${synchronous}`);
  Object.assign(file.log, { flushCommits: () => {} });
  const runner = new BatchRunner(file, limits);
  const run = async <Value>(call: Call): Promise<Value> => {
    const [outcome] = runner.run([call]);
    if (outcome === undefined || 'error' in outcome) throw new Error(`${call.operation} failed`);
    return outcome.value as Value;
  };
  return {
    saveRecipient: (...args) => run({ operation: 'saveRecipient', args }),
    claim: (...args) => run({ operation: 'claim', args }),
    append: (...args) => run({ operation: 'append', args }),
    settle: (...args) => run({ operation: 'settle', args }),
    close: async () => {
      runner.end();
      file.close();
    },
  };
}

const storage = await (synchronous === 'FULL' ? openStorage() : openInThisThread());
for (const id of recipientIds) await storage.saveRecipient({ id, settings: '{}' });
const claimed = await storage.claim({ holder: 'host', now: 0, expiresAt: 1e6, limit: 1, recipientIds: ['crm'] });
const lease = claimed[0] as LeaseRef;
say('saved');

async function append(number: number): Promise<void> {
  await storage.append([{ event: numberedEvent(number), recipientIds }], { forgetBefore: 0 });
  say(`appended ${number}`);
}

async function settle(through: number, what: 'settled' | 'arrived'): Promise<void> {
  await storage.settle([{ ...lease, through, dropped: [], state: undefined }]);
  say(`${what} ${through}`);
}

for (let number = 1; number <= Number(count); number += 3) {
  await append(number);
  // Together: what shares a commit shares its fate.
  await Promise.all([append(number + 1), append(number + 2), settle(number, 'settled')]);
  // Alone: it may wait for the next flush.
  await settle(number + 1, 'arrived');
}
await storage.close();
say('closed');
