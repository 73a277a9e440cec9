import { createServer } from 'node:http';
import { expect, test } from 'vitest';
import { defineEvents, event, MemoryStorage, OutboundEvents } from '../../src/index.ts';
import { waitFor } from '../../src/testing.ts';
import { listening } from '../http/receivers.ts';

test('F50: over real sockets, one receiver that never answers among 1,000 delays none of the others', async () => {
  const asked = new Set<string>();
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    asked.add(path);
    request.resume().on('end', () => {
      if (path !== '/0') response.end();
    });
  });
  const authority = await listening(server);
  const outbound = new OutboundEvents({
    events: defineEvents({ 'order.paid': event<{ order: number }>() }),
    storage: new MemoryStorage(),
    allowedNetworks: ['loopback'],
    stopTimeout: 0,
  });
  for (let index = 0; index < 1_000; index += 1) {
    await outbound.addHttpRecipient({ name: `crm ${index}`, url: `http://${authority}/${index}`, events: '*' });
  }
  const reached = new Set<string>();
  outbound.on('delivered', ({ recipientId }) => reached.add(recipientId));
  const all = waitFor(outbound, 'delivered', () => reached.size === 999, { timeoutMs: 25_000 });
  await outbound.start();
  await outbound.emit('order.paid', { order: 1 });
  await all;
  expect(asked.size).toBe(1_000);
  const { recipients } = await outbound.status();
  expect(recipients.filter(({ queued }) => queued > 0).map(({ name, state }) => [name, state])).toEqual([
    ['crm 0', 'ok'],
  ]);
  await outbound.stop();
});
