import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { MemoryStorage, OutboundEvents, supportSessionEvents } from '../../src/index.ts';
import { waitFor } from '../../src/testing.ts';

test('S1: a stored recipient outside the allowed networks is not refused at the start; its attempts are ADDRESS_BLOCKED', async () => {
  let requests = 0;
  const receiver = createServer((request, response) => {
    requests += 1;
    request.resume().on('end', () => response.end());
  });
  await once(receiver.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void receiver.close());
  const crm = {
    id: 'crm',
    name: 'CRM',
    url: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`,
    events: '*',
  } as const;
  const storage = new MemoryStorage();

  const before = new OutboundEvents({ events: supportSessionEvents, storage, allowedNetworks: 'loopback' });
  await before.addHttpRecipient(crm);
  await before.emit('support_conference_begin', { lsid: 'a1' });
  await before.stop();

  const after = new OutboundEvents({ events: supportSessionEvents, storage });
  onTestFinished(() => after.stop());
  const retrying = waitFor(after, 'retrying');
  await after.start();
  expect(await retrying).toMatchObject({ error: { code: 'ADDRESS_BLOCKED' } });
  await expect(after.addHttpRecipient(crm)).rejects.toMatchObject({
    code: 'ERR_CONFIG_URL',
    field: 'url',
    message:
      'url must be inside the allowed networks; 127.0.0.1 is loopback: add "loopback" to allowedNetworks to allow it',
  });
  expect(requests).toBe(0);
});
