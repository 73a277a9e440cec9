import { expect, test } from 'vitest';
import { createSecretKey } from '../../src/core/seal.ts';
import { OutboundEventsError } from '../../src/index.ts';
import { MemoryStorage } from '../../src/memory/memory-storage.ts';
import { setUp } from './harness.ts';

const secret = 's3cr3t';
const crm = {
  id: 'crm',
  name: 'CRM',
  url: `https://user:${secret}@crm.example.com/hook?token=${secret}`,
  events: '*',
  headers: { 'x-token': secret },
} as const;

async function storedText(storage: MemoryStorage): Promise<string> {
  return (await storage.listRecipients()).map(({ settings }) => settings).join('\n');
}

test('with a key, what is stored of a recipient shows nothing of it, also after a change', async () => {
  const storage = new MemoryStorage();
  const { outbound } = setUp({ storage, secretKey: createSecretKey() });
  await outbound.addHttpRecipient(crm);
  await outbound.updateRecipient('crm', { headers: { 'x-token': `new ${secret}` } });

  expect(await storedText(storage)).not.toMatch(/s3cr3t|example|CRM/);
  expect((await outbound.listRecipients())[0]).toMatchObject({ url: crm.url, headers: { 'x-token': `new ${secret}` } });
});

test('a recipient that was sealed is worked on after a restart', async () => {
  const storage = new MemoryStorage();
  const secretKey = createSecretKey();
  const first = setUp({ storage, secretKey });
  await first.outbound.addHttpRecipient(crm);
  await first.outbound.emit('order.paid', { order: 1 });
  await first.outbound.stop();

  const { outbound, clock, http } = setUp({ storage, secretKey });
  void outbound.start();
  await clock.advance(0);
  expect(http.attempts).toMatchObject([{ recipientId: 'crm' }]);
  expect(await outbound.listRecipients()).toMatchObject([{ url: crm.url }]);
});

test('what was in the clear is sealed at the next start with a key; and sealed anew when the key is exchanged', async () => {
  const storage = new MemoryStorage();
  const [oldKey, newKey] = [createSecretKey(), createSecretKey()];
  const texts: string[] = [];
  for (const secretKey of [null, oldKey, [newKey, oldKey], newKey]) {
    const { outbound, heard } = setUp({ storage, secretKey });
    if (secretKey === null) await outbound.addHttpRecipient(crm);
    expect(await outbound.listRecipients()).toMatchObject([{ url: crm.url }]);
    expect(heard('error')).toEqual([]);
    texts.push(await storedText(storage));
    await outbound.stop();
    await storage.open({ maxDeliveries: 1, maxBytes: 1 });
  }
  const [plain, sealed, anew, same] = texts;
  expect(plain).toContain(secret);
  expect(sealed).not.toContain(secret);
  expect(anew).not.toBe(sealed);
  expect(same).toBe(anew);
});

test('without the right key nothing is accepted that it could want, and nothing of it is lost', async () => {
  const storage = new MemoryStorage();
  const secretKey = createSecretKey();
  const first = setUp({ storage, secretKey });
  await first.outbound.addHttpRecipient(crm);
  await first.outbound.addHttpRecipient({ ...crm, id: 'erp', name: 'ERP' });
  await first.outbound.emit('order.paid', { order: 1 });
  await first.outbound.stop();

  for (const wrong of [null, createSecretKey()]) {
    const { outbound, clock, http, heard } = setUp({ storage, secretKey: wrong });
    void outbound.start();
    await clock.advance('1h');
    expect(http.attempts).toEqual([]);
    expect(heard('error').map(({ code }) => code)).toEqual(['ERR_SECRET_KEY', 'ERR_SECRET_KEY']);
    expect(heard('error')[0]?.message).toContain(
      'stored recipient "crm" cannot be used: what is stored of it is sealed',
    );
    await expect(outbound.emit('order.paid', { order: 2 })).rejects.toMatchObject({
      code: 'ERR_SECRET_KEY',
      field: 'secretKey',
      message: expect.stringContaining('stored recipient "crm" cannot be read'),
    });
    await outbound.stop();
  }

  const { outbound, clock, http } = setUp({ storage, secretKey });
  void outbound.start();
  await outbound.emit('order.paid', { order: 2 });
  await clock.advance(0);
  expect(http.attempts).toHaveLength(4);
});

test('a key that is lost is got over by adding or removing what it had sealed', async () => {
  const storage = new MemoryStorage();
  const first = setUp({ storage, secretKey: createSecretKey() });
  for (const id of ['crm', 'erp']) await first.outbound.addHttpRecipient({ ...crm, id, name: id });
  await first.outbound.emit('order.paid', { order: 1 });
  await first.outbound.stop();

  const { outbound, clock, http, heard } = setUp({ storage, secretKey: createSecretKey() });
  await outbound.addHttpRecipient(crm);
  await expect(outbound.emit('order.paid', { order: 2 })).rejects.toMatchObject({ code: 'ERR_SECRET_KEY' });
  await outbound.removeRecipient('erp', { backlog: 'drop' });
  await outbound.emit('order.paid', { order: 2 });
  void outbound.start();
  await clock.advance(0);
  expect(http.attempts.map(({ recipientId, sequence }) => [recipientId, sequence])).toEqual([
    ['crm', 1],
    ['crm', 2],
  ]);
  expect(heard('dropped')).toMatchObject([{ recipientId: 'erp', sequence: 1, reason: 'removed' }]);
});

test('what was sealed is not put in the clear because the key was forgotten', async () => {
  const storage = new MemoryStorage();
  const first = setUp({ storage, secretKey: createSecretKey() });
  await first.outbound.addHttpRecipient(crm);
  await first.outbound.stop();

  const { outbound } = setUp({ storage });
  await expect(outbound.addHttpRecipient(crm)).rejects.toMatchObject({ code: 'ERR_SECRET_KEY' });
  expect(await storedText(storage)).not.toContain(secret);
  expect(() => setUp({ storage, secretKey: undefined as never })).toThrow(
    expect.objectContaining({ code: 'ERR_CONFIG_VALUE', field: 'secretKey' }),
  );
});

test('a storage that cannot take the sealed settings leaves the recipient at work, and says so', async () => {
  const storage = new MemoryStorage();
  const first = setUp({ storage });
  await first.outbound.addHttpRecipient(crm);
  await first.outbound.emit('order.paid', { order: 1 });
  await first.outbound.stop();

  storage.saveRecipient = async () => {
    throw new OutboundEventsError('ERR_STORAGE_FULL', 'the disk is full');
  };
  const { outbound, clock, http, heard } = setUp({ storage, secretKey: createSecretKey() });
  void outbound.start();
  await clock.advance(0);
  expect(http.attempts).toHaveLength(1);
  expect(heard('error')).toMatchObject([
    {
      code: 'ERR_STORAGE_FULL',
      message: 'stored recipient "crm" could not be sealed with secretKey: the disk is full',
    },
  ]);
});
