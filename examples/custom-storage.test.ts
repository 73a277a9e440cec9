// node --test examples/custom-storage.test.ts: the suite has a test for each sentence of the contract of a storage. What
// is special about this one, the journal, has a test of its own.

import { strict as assert } from 'node:assert';
import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { testQueueStorage } from 'outbound-events/testing';
import { JournalStorage } from './custom-storage.ts';

async function makeFile() {
  const folder = await mkdtemp(join(tmpdir(), 'outbound-events-journal-'));
  return { file: join(folder, 'journal.jsonl'), dispose: () => rm(folder, { recursive: true }) };
}

testQueueStorage({
  test,
  describe,
  create: async () => {
    const { file, dispose } = await makeFile();
    return { storage: new JournalStorage(file), reopen: async () => new JournalStorage(file), dispose };
  },
});

test('a line that a crash cut short never happened, and the journal goes on without it', async (t) => {
  const { file, dispose } = await makeFile();
  t.after(dispose);
  const limits = { maxDeliveries: 100, maxBytes: 1_000_000 };
  const openAnd = async (act: (storage: JournalStorage) => Promise<unknown>) => {
    const storage = new JournalStorage(file);
    await storage.open(limits);
    await act(storage);
    await storage.close();
  };

  await openAnd((storage) => storage.saveRecipient({ id: 'crm', settings: '{}' }));
  await appendFile(file, '["saveRecipient",{"id":"er');
  await openAnd((storage) => storage.saveRecipient({ id: 'audit', settings: '{}' }));
  await openAnd(async (storage) => {
    assert.deepEqual(
      (await storage.listRecipients()).map(({ id }) => id),
      ['crm', 'audit'],
    );
  });
});
