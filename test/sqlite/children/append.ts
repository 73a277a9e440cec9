// Appends so many events, one after the other or all at once, and says what became of each. With `settled` each is settled,
// as delivered, before the next.
import { isOutboundEventsError } from '../../../src/core/errors.ts';
import type { Lease } from '../../../src/core/storage.ts';
import { SqliteStorage } from '../../../src/sqlite.ts';
import { storedEvent } from '../../../src/testing.ts';
import { say } from './say.ts';

const [file = '', count = '', order = ''] = process.argv.slice(2);
const storage = new SqliteStorage({ file });

async function append(number: number): Promise<void> {
  const event = storedEvent({ id: `event-${number}` });
  await tell(`event-${number}`, storage.append([{ event, recipientIds: ['crm'] }], { forgetBefore: 0 }));
}

async function settle(): Promise<void> {
  const [lease] = await storage.claim({ holder: 'host', now: 0, expiresAt: 1e6, limit: 1 });
  const [head] = await storage.read(lease as Lease, 1, 1);
  const settlement = { ...(lease as Lease), through: head?.sequence ?? 0, dropped: [], state: undefined };
  await storage.settle([settlement]);
}

async function tell(what: string, call: Promise<unknown>): Promise<void> {
  const answer = await call.then(
    () => 'done',
    (error: unknown) => (isOutboundEventsError(error) ? error.code : String(error)),
  );
  say(`${what} ${answer}`);
}

await tell('open', storage.open({ maxDeliveries: 1e6, maxBytes: 1e9 }));
await tell('save', storage.saveRecipient({ id: 'crm', settings: '{}' }));
const numbers = Array.from({ length: Number(count) }, (_, index) => index);
if (order === 'at-once') await Promise.all(numbers.map(append));
else
  for (const number of numbers) {
    await append(number);
    if (order === 'settled') await tell('settled', settle());
  }
await storage.close();
