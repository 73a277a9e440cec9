// Appends and settles without end, and says every event whose append has resolved and how far the queue is settled.
import { SqliteStorage } from '../../../src/sqlite.ts';
import { storedEvent } from '../../../src/testing.ts';
import { say } from './say.ts';

const [file = '', round = ''] = process.argv.slice(2);
const storage = new SqliteStorage({ file });
await storage.open({ maxDeliveries: 1e6, maxBytes: 1e9 });
await storage.saveRecipient({ id: 'crm', settings: '{}' });

async function append(caller: number): Promise<never> {
  for (let number = 0; ; number += 1) {
    const id = `${round}-${caller}-${number}`;
    await storage.append([{ event: storedEvent({ id }), recipientIds: ['crm'] }], { forgetBefore: 0 });
    say(`stored ${id}`);
  }
}

async function settle(): Promise<never> {
  const [lease] = await storage.claim({ holder: round, now: 0, expiresAt: 1, limit: 1 });
  if (lease === undefined) throw new Error('no lease');
  for (;;) {
    const through = (await storage.read(lease, 3, 1e6)).at(-1)?.sequence ?? 0;
    await storage.settle([{ ...lease, through, dropped: [], state: undefined }]);
    say(`settled ${through}`);
  }
}

await Promise.all([settle(), ...Array.from({ length: 8 }, (_, caller) => append(caller))]);
