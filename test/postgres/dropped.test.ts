import { expect, test } from 'vitest';
import { storedEvent } from '../../src/testing/builders.ts';
import { droppedDelivery } from '../../src/testing/storage-subject.ts';
import { ownDatabase, storageOver } from './hosts.ts';

test('numbers that settlements took which were rolled back do not shorten the list of dropped deliveries', async () => {
  const database = await ownDatabase();
  const pool = database.pool();
  const storage = await storageOver(pool);
  await storage.saveRecipient({ id: 'crm', settings: '{}' });
  const [lease] = await storage.claim({ holder: 'holder-a', limit: 1, now: 0, expiresAt: 60_000 });
  const drop = async (from: number, count: number) => {
    const sequences = Array.from({ length: count }, (_, index) => from + index);
    const entries = sequences.map((n) => ({ event: storedEvent({ id: `event-${n}` }), recipientIds: ['crm'] }));
    await storage.append(entries, { forgetBefore: 0 });
    const dropped = sequences.map((sequence) => droppedDelivery('crm', sequence));
    const through = from + count - 1;
    await storage.settle([{ recipientId: 'crm', fence: lease?.fence ?? 0, through, dropped, state: undefined }]);
  };
  await drop(1, 300);
  await pool.query(`SELECT setval(pg_get_serial_sequence('outbound_events.dropped', 'number'), 19999)`);
  await drop(301, 1);
  expect(await storage.listDropped({ limit: 20_000 })).toHaveLength(301);
});
