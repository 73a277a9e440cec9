// A host over PostgreSQL as a process of its own, to be killed. It emits what it is told to, and delivers what it can.
import { Pool } from 'pg';
import { defineEvents, event, OutboundEvents } from '../../../src/index.ts';
import { PostgresStorage } from '../../../src/postgres.ts';

const [config = '', recipients = '', url = '', name = '', first = '', last = ''] = process.argv.slice(2);
const pool = new Pool({ ...JSON.parse(config), max: 5 });
pool.on('error', () => {});
const outbound = new OutboundEvents({
  events: defineEvents({ 'order.paid': event<{ order: number }>() }),
  storage: new PostgresStorage({ pool }),
  allowedNetworks: 'loopback',
  leaseDuration: '3s',
});
outbound.on('error', ({ message }) => console.error(message));
process.on('disconnect', () => process.exit());

for (let index = 0; index < Number(recipients); index += 1) {
  const id = `r${index}`;
  await outbound.addHttpRecipient({ id, name: id, url: `${url}/${id}`, events: '*', retry: { interval: 100 } });
}
await outbound.start();
for (let order = Number(first); order <= Number(last); order += 1) {
  await outbound.emit('order.paid', { order }, { id: `${name}-${order}` });
  process.send?.(order);
}
