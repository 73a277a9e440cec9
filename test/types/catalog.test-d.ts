import * as v from 'valibot';
import { describe, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { defineEvents, type EventData, type EventType, type EventTypeFor, event } from '../../src/core/catalog.ts';
import type { EventPattern } from '../../src/core/pattern.ts';
import type { MemberVariables, SessionVariables, supportSessionEvents } from '../../src/core/support-session.ts';

const catalog = defineEvents({
  'order.paid': event<{ id: string }>(),
  'order.sent': event(z.object({ count: z.number() }), { channels: ['http'] }),
  'order.read': z.object({ count: z.string().transform(Number) }),
  'order.lost': v.object({ count: v.number() }),
});
type Catalog = typeof catalog;

describe('a catalog', () => {
  it('knows its event types by name', () => {
    expectTypeOf<EventType<Catalog>>().toEqualTypeOf<'order.paid' | 'order.sent' | 'order.read' | 'order.lost'>();
  });

  it('knows the data of event<T>(), and of schemas of zod and valibot', () => {
    expectTypeOf<EventData<Catalog, 'order.paid'>>().toEqualTypeOf<{ id: string }>();
    expectTypeOf<EventData<Catalog, 'order.sent'>>().toEqualTypeOf<{ count: number }>();
    expectTypeOf<EventData<Catalog, 'order.lost'>>().toEqualTypeOf<{ count: number }>();
  });

  it('takes what a schema takes, not what it makes of it', () => {
    expectTypeOf<EventData<Catalog, 'order.read'>>().toEqualTypeOf<{ count: string }>();
  });

  it('offers a channel only the types that can be sent over it; a bare schema is for all', () => {
    expectTypeOf<EventTypeFor<Catalog, 'email'>>().toEqualTypeOf<'order.paid' | 'order.read' | 'order.lost'>();
    expectTypeOf<EventTypeFor<Catalog, 'http'>>().toEqualTypeOf<EventType<Catalog>>();
  });
});

describe('event and defineEvents', () => {
  it('take no unknown option and no other value', () => {
    event({ label: 'Opened', channels: ['http'], variables: { door: 'Door' }, mail: { subject: 'S', text: 'T' } });
    // @ts-expect-error
    event({ lable: 'Opened' });
    // @ts-expect-error
    event({ channels: ['sms'] });
    // @ts-expect-error
    event({ version: 1 });
    // @ts-expect-error
    event({ mail: { subject: 'S' } });
    // @ts-expect-error
    event(z.object({}), { lable: 'Opened' });
    // @ts-expect-error
    event<string>();
  });

  it('take no entry that is neither made with event() nor a schema', () => {
    // @ts-expect-error
    defineEvents({ opened: {} });
    // @ts-expect-error
    defineEvents({ opened: true });
    // @ts-expect-error
    defineEvents(['opened']);
  });

  it('make nothing any', () => {
    expectTypeOf<EventType<Catalog>>().not.toBeAny();
    expectTypeOf<EventData<Catalog, 'order.paid'>>().not.toBeAny();
    expectTypeOf<EventData<Catalog, 'order.read'>>().not.toBeAny();
    expectTypeOf<EventTypeFor<Catalog, 'email'>>().not.toBeAny();
    expectTypeOf(event<{ id: string }>()).not.toBeAny();
  });
});

describe('what a recipient may ask for', () => {
  it('is a type, its beginnings up to a separator with a star, and a star', () => {
    expectTypeOf<EventPattern<'order.paid' | 'user:x-y_z'>>().toEqualTypeOf<
      'order.paid' | 'user:x-y_z' | '*' | 'order.*' | 'user:*' | 'user:x-*' | 'user:x-y_*'
    >();
    expectTypeOf<EventPattern<'plain'>>().toEqualTypeOf<'plain' | '*'>();
  });
});

describe('the support-session catalog', () => {
  it('has three types for email', () => {
    expectTypeOf<EventTypeFor<typeof supportSessionEvents, 'email'>>().toEqualTypeOf<
      | 'support_conference_end'
      | 'support_conference_customer_exit_survey_completed'
      | 'support_conference_rep_exit_survey_completed'
    >();
  });

  it('knows the variables of each type', () => {
    type Session = EventData<typeof supportSessionEvents, 'support_conference_begin'>;
    expectTypeOf<Session>().toEqualTypeOf<SessionVariables>();
    type Joined = EventData<typeof supportSessionEvents, 'support_conference_member_added'>;
    expectTypeOf<Joined>().toEqualTypeOf<MemberVariables>();
    expectTypeOf<Joined['type']>().toEqualTypeOf<'customer' | 'representative' | undefined>();
    expectTypeOf<EventData<typeof supportSessionEvents, 'support_conference_owner_changed'>>().not.toHaveProperty(
      'type',
    );
  });
});
