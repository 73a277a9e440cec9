// Appends so many events at once, and settles them one after the other: as delivered, or with a `state` to be kept; or
// `slowly`, with an end as of a crash; or while another program has the file open (`watched`).
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { healthy } from '../../../src/core/queue-state.ts';
import type { LeaseRef } from '../../../src/core/storage.ts';
import { SqliteStorage } from '../../../src/sqlite.ts';
import { storedEvent } from '../../../src/testing.ts';

const [file = '', count = '', what = ''] = process.argv.slice(2);
const storage = new SqliteStorage({ file });
await storage.open({ maxDeliveries: 1e6, maxBytes: 1e9 });
await storage.saveRecipient({ id: 'crm', settings: '{}' });
const numbers = Array.from({ length: Number(count) }, (_, index) => index + 1);
await storage.append(
  numbers.map((number) => ({ event: storedEvent({ id: `event-${number}` }), recipientIds: ['crm'] })),
  { forgetBefore: 0 },
);
const [lease] = await storage.claim({ holder: 'host', now: 0, expiresAt: 1e6, limit: 1 });
const state = what === 'state' ? healthy : undefined;
const watcher = what === 'watched' ? new DatabaseSync(file, { readOnly: true }) : undefined;
for (const through of numbers) {
  await storage.settle([{ ...(lease as LeaseRef), through, dropped: [], state }]);
  if (what === 'slowly') await sleep(10);
}
if (what === 'slowly') {
  await sleep(500);
  process.exit();
}
await storage.close();
watcher?.close();
