import { defineEvents, event, OutboundEvents, supportSessionEvents } from 'outbound-events';
import { EmailTransport } from 'outbound-events/email';
import { HttpTransport } from 'outbound-events/http';
import { copyToPostgres, PostgresStorage } from 'outbound-events/postgres';
import { SqliteStorage } from 'outbound-events/sqlite';
import { ManualClock, testQueueStorage, testTransport } from 'outbound-events/testing';
import { UndiciTransport } from 'outbound-events/undici';

const outbound = new OutboundEvents({
  events: supportSessionEvents,
  storage: new SqliteStorage({ file: 'outbound-events.db' }),
});

outbound.on('delivered', ({ recipientId, sequence }) => {
  recipientId satisfies string;
  sequence satisfies number;
});
const { id }: { id: string } = await outbound.emit('support_conference_end', { lsid: 'a' });
// @ts-expect-error: no such event type
await outbound.emit('support_conference_ended', { lsid: 'a' });
// @ts-expect-error: lsid is missing
await outbound.emit('support_conference_end', {});
// @ts-expect-error: matches no event type
await outbound.addHttpRecipient({ name: 'CRM', url: 'https://crm.example.com/', events: ['invoice_*'] });
// @ts-expect-error: this event type cannot be sent by email
await outbound.addEmailRecipient({ name: 'Team', to: 'a@example.com', events: { support_conference_begin: true } });

const orders = new OutboundEvents({
  events: defineEvents({ 'order.paid': event<{ amount: number }>() }),
  storage: ':memory:',
});
await orders.emit('order.paid', { amount: 1 });
// @ts-expect-error: the amount is a number
await orders.emit('order.paid', { amount: '1' });

export const values: readonly unknown[] = [
  id,
  EmailTransport,
  HttpTransport,
  ManualClock,
  PostgresStorage,
  copyToPostgres,
  testQueueStorage,
  testTransport,
  UndiciTransport,
];
