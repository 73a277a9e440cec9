import {
  type DroppedDelivery,
  defineEvents,
  type EmailRecipient,
  type EventTypeInfo,
  event,
  type HttpRecipient,
  MemoryStorage,
  OutboundEvents,
  type QueueStorage,
  type Recipient,
  type Status,
  supportSessionEvents,
  type Transport,
} from 'outbound-events';
import { describe, expectTypeOf, it } from 'vitest';
import { z } from 'zod';

const catalog = defineEvents({
  'order.paid': event<{ order: number; note?: string }>(),
  'order.sent': event(z.object({ count: z.string().transform(Number) }), { channels: ['http'] }),
  'user:joined': event<{ name: string }>({ channels: ['email'] }),
});
const outbound = new OutboundEvents({ events: catalog, storage: ':memory:' });

const crm = { name: 'CRM', url: 'https://crm.example.com/' } as const;
const managers = { name: 'Managers', to: 'a@example.com' } as const;

describe('emit', () => {
  it('takes the data of the type, as its schema takes it', () => {
    void outbound.emit('order.paid', { order: 1 });
    void outbound.emit('order.paid', { order: 1, note: 'x' }, { id: 'e-1', occurredAt: new Date() });
    void outbound.emit('order.sent', { count: '7' }, { occurredAt: 5 });
  });

  it('takes no name that is not in the catalog', () => {
    // @ts-expect-error
    void outbound.emit('order.payed', { order: 1 });
    // @ts-expect-error
    void outbound.emit('order.*', { order: 1 });
  });

  it('takes no other data', () => {
    // @ts-expect-error
    void outbound.emit('order.paid', { order: '1' });
    // @ts-expect-error
    void outbound.emit('order.paid', {});
    // @ts-expect-error
    void outbound.emit('order.paid');
    // @ts-expect-error
    void outbound.emit('order.paid', { order: 1, customer: 'x' });
    // @ts-expect-error
    void outbound.emit('order.paid', { name: 'x' });
    // @ts-expect-error: what the schema makes of it
    void outbound.emit('order.sent', { count: 7 });
    // @ts-expect-error
    void outbound.emit('order.paid', null);
  });

  it('takes no unknown option, and no transaction where the storage takes none', () => {
    // @ts-expect-error
    void outbound.emit('order.paid', { order: 1 }, { ocurredAt: 5 });
    // @ts-expect-error
    void outbound.emit('order.paid', { order: 1 }, { occurredAt: '2026-01-01' });
    // @ts-expect-error
    void outbound.emit('order.paid', { order: 1 }, { id: 5 });
    // @ts-expect-error
    void outbound.emit('order.paid', { order: 1 }, { transaction: {} });
  });

  it('takes the transactions of its storage, and no others', () => {
    const joining = new OutboundEvents({ events: catalog, storage: {} as QueueStorage<{ readonly client: 'pg' }> });
    void joining.emit('order.paid', { order: 1 }, { transaction: { client: 'pg' } });
    void joining.emit('order.paid', { order: 1 });
    // @ts-expect-error
    void joining.emit('order.paid', { order: 1 }, { transaction: { client: 'mysql' } });
  });

  it('answers with the id and the deliveries', () => {
    expectTypeOf(outbound.emit('order.paid', { order: 1 })).resolves.toEqualTypeOf<{
      readonly id: string;
      readonly deliveries: readonly { readonly recipientId: string }[];
      readonly duplicate: boolean;
    }>();
  });

  it('is all that a service needs to be given, so that a test can give an object', () => {
    const service = (_events: Pick<OutboundEvents<typeof catalog>, 'emit'>): void => {};
    service(outbound);
    service({ emit: async () => ({ id: 'e-1', deliveries: [], duplicate: false }) });
  });
});

describe('addHttpRecipient', () => {
  it('takes types, their beginnings with a star, a star, and lists of them', () => {
    void outbound.addHttpRecipient({ ...crm, events: '*' });
    void outbound.addHttpRecipient({ ...crm, events: 'order.*' });
    void outbound.addHttpRecipient({ ...crm, events: ['order.paid', 'user:*'] });
    void outbound.addHttpRecipient({ ...crm, events: ['order.sent'] as const, success: '2xx', alerts: null, ca: null });
  });

  it('takes no pattern that can match nothing', () => {
    // @ts-expect-error
    void outbound.addHttpRecipient({ ...crm, events: 'invoice.*' });
    // @ts-expect-error
    void outbound.addHttpRecipient({ ...crm, events: 'order' });
    // @ts-expect-error
    void outbound.addHttpRecipient({ ...crm, events: ['order.paid', 'order.payed'] });
    // @ts-expect-error
    void outbound.addHttpRecipient({ ...crm, events: '*.paid' });
    // @ts-expect-error
    void outbound.addHttpRecipient({ ...crm, events: 'ord*' });
    // @ts-expect-error
    void outbound.addHttpRecipient({ ...crm, events: '' });
  });

  it('needs a name, a URL and events', () => {
    // @ts-expect-error
    void outbound.addHttpRecipient({ url: crm.url, events: '*' });
    // @ts-expect-error
    void outbound.addHttpRecipient({ name: 'CRM', events: '*' });
    // @ts-expect-error
    void outbound.addHttpRecipient(crm);
  });

  it('takes no unknown setting and no other value', () => {
    // @ts-expect-error
    void outbound.addHttpRecipient({ ...crm, events: '*', retryInterval: '1m' });
    // @ts-expect-error
    void outbound.addHttpRecipient({ ...crm, events: '*', retry: { intervall: '1m' } });
    // @ts-expect-error
    void outbound.addHttpRecipient({ ...crm, events: '*', alerts: { after: '1m' } });
    // @ts-expect-error
    void outbound.addHttpRecipient({ ...crm, events: '*', format: 'xml' });
    // @ts-expect-error
    void outbound.addHttpRecipient({ ...crm, events: '*', success: '3xx' });
    // @ts-expect-error
    void outbound.addHttpRecipient({ ...crm, events: '*', headers: { 'x-number': 5 } });
    // @ts-expect-error
    void outbound.addHttpRecipient({ ...crm, events: '*', timeout: 5n });
    // @ts-expect-error
    void outbound.addHttpRecipient({ ...crm, events: '*', to: 'a@example.com' });
    // @ts-expect-error
    void outbound.addHttpRecipient({ ...crm, events: { 'order.paid': true } });
  });

  it('answers with the recipient', () => {
    expectTypeOf(outbound.addHttpRecipient({ ...crm, events: '*' })).resolves.toEqualTypeOf<HttpRecipient>();
  });
});

describe('addEmailRecipient', () => {
  it('takes the types that can be mailed, with texts or the default ones', () => {
    void outbound.addEmailRecipient({ ...managers, events: { 'order.paid': true, 'user:joined': { subject: 'S' } } });
    void outbound.addEmailRecipient({ ...managers, to: ['a@example.com'], events: { 'order.paid': undefined } });
  });

  it('takes no type for HTTP recipients alone, and no unknown one', () => {
    // @ts-expect-error
    void outbound.addEmailRecipient({ ...managers, events: { 'order.sent': true } });
    // @ts-expect-error
    void outbound.addEmailRecipient({ ...managers, events: { 'order.payed': true } });
    // @ts-expect-error
    void outbound.addEmailRecipient({ ...managers, events: { 'order.*': true } });
    // @ts-expect-error
    void outbound.addEmailRecipient({ ...managers, events: '*' });
    const appliance = new OutboundEvents({ events: supportSessionEvents, storage: ':memory:' });
    void appliance.addEmailRecipient({ ...managers, events: { support_conference_end: true } });
    // @ts-expect-error
    void appliance.addEmailRecipient({ ...managers, events: { support_conference_begin: true } });
  });

  it('takes no other texts and settings', () => {
    // @ts-expect-error
    void outbound.addEmailRecipient({ ...managers, events: { 'order.paid': false } });
    // @ts-expect-error
    void outbound.addEmailRecipient({ ...managers, events: { 'order.paid': 'Hello' } });
    // @ts-expect-error
    void outbound.addEmailRecipient({ ...managers, events: { 'order.paid': { body: 'Hello' } } });
    // @ts-expect-error
    void outbound.addEmailRecipient({ ...managers, events: {}, url: 'https://x.example' });
    // @ts-expect-error
    void outbound.addEmailRecipient({ name: 'Managers', events: { 'order.paid': true } });
    // @ts-expect-error
    void outbound.addEmailRecipient({ ...managers, to: 5, events: { 'order.paid': true } });
  });

  it('answers with the recipient', () => {
    expectTypeOf(outbound.addEmailRecipient({ ...managers, events: {} })).resolves.toEqualTypeOf<EmailRecipient>();
  });
});

describe('the other calls', () => {
  it('updateRecipient takes any setting but the id, and parts of retry and alerts', () => {
    expectTypeOf(outbound.updateRecipient('crm', { enabled: false })).resolves.toEqualTypeOf<Recipient>();
    void outbound.updateRecipient('crm', { url: crm.url, retry: { interval: '1m' }, alerts: { after: 0 } });
    void outbound.updateRecipient('managers', { to: 'b@example.com', events: { 'order.paid': true }, alerts: null });
    // @ts-expect-error
    void outbound.updateRecipient('crm', { enable: false });
    // @ts-expect-error
    void outbound.updateRecipient('crm', { id: 'erp' });
    // @ts-expect-error
    void outbound.updateRecipient('crm', { events: 'invoice.*' });
    // @ts-expect-error
    void outbound.updateRecipient('managers', { events: { 'order.sent': true } });
    // @ts-expect-error
    void outbound.updateRecipient('crm', { alerts: { too: 'a@example.com' } });
    // @ts-expect-error
    void outbound.updateRecipient({ id: 'crm' }, { enabled: false });
  });

  it('removeRecipient knows what can become of a backlog', () => {
    expectTypeOf(outbound.removeRecipient('crm', { backlog: 'drop' })).resolves.toEqualTypeOf<void>();
    void outbound.removeRecipient('crm', { backlog: 'refuse' });
    // @ts-expect-error
    void outbound.removeRecipient('crm', { backlog: 'keep' });
    // @ts-expect-error
    void outbound.removeRecipient('crm', 'drop');
  });

  it('tell what they tell in types of their own', () => {
    expectTypeOf(outbound.status()).resolves.toEqualTypeOf<Status>();
    expectTypeOf<Status['recipients'][number]['state']>().toEqualTypeOf<'ok' | 'failing' | 'disabled'>();
    expectTypeOf(outbound.listRecipients()).resolves.toEqualTypeOf<readonly Recipient[]>();
    expectTypeOf(outbound.listDropped({ limit: 5 })).resolves.toEqualTypeOf<readonly DroppedDelivery[]>();
    expectTypeOf(outbound.eventTypes()).toEqualTypeOf<readonly EventTypeInfo[]>();
    expectTypeOf(outbound.start()).resolves.toEqualTypeOf<void>();
    expectTypeOf(outbound.stop()).resolves.toEqualTypeOf<void>();
    // @ts-expect-error
    void outbound.listDropped({ recipient: 'crm' });
  });
});

describe('new OutboundEvents', () => {
  it('knows the catalog it was given, and that its storage takes no transactions', () => {
    expectTypeOf(outbound).toEqualTypeOf<OutboundEvents<typeof catalog>>();
    expectTypeOf(new OutboundEvents({ events: catalog, storage: new MemoryStorage() })).toEqualTypeOf(outbound);
  });

  it('needs a catalog and a storage', () => {
    // @ts-expect-error
    new OutboundEvents({ storage: ':memory:' });
    // @ts-expect-error
    new OutboundEvents({ events: catalog });
    // @ts-expect-error
    new OutboundEvents({ events: catalog, storage: 5 });
    // @ts-expect-error
    new OutboundEvents({ events: { 'order.paid': {} }, storage: ':memory:' });
  });

  it('takes no unknown option and no other value', () => {
    // @ts-expect-error
    new OutboundEvents({ events: catalog, storage: ':memory:', concurency: 5 });
    // @ts-expect-error
    new OutboundEvents({ events: catalog, storage: ':memory:', backlog: { delivery: 5 } });
    // @ts-expect-error
    new OutboundEvents({ events: catalog, storage: ':memory:', smtp: { host: 'mail.example.com' } });
    // @ts-expect-error
    new OutboundEvents({ events: catalog, storage: ':memory:', smtp: 'smtp://mail.example.com' });
    // @ts-expect-error
    new OutboundEvents({ events: catalog, storage: ':memory:', clock: Date });
  });

  it('takes a transport for its kind of recipient only', () => {
    const http = {} as Transport<HttpRecipient>;
    new OutboundEvents({ events: catalog, storage: ':memory:', transports: { http } });
    // @ts-expect-error
    new OutboundEvents({ events: catalog, storage: ':memory:', transports: { email: http } });
    // @ts-expect-error
    new OutboundEvents({ events: catalog, storage: ':memory:', transports: { sms: http } });
  });
});
