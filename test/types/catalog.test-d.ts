import * as v from 'valibot';
import { describe, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { defineEvents, type EventData, type EventType, type EventTypeFor, event } from '../../src/core/catalog.ts';
import type { supportSessionEvents } from '../../src/core/support-session.ts';

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

describe('the support-session catalog', () => {
  it('has three types for email', () => {
    expectTypeOf<EventTypeFor<typeof supportSessionEvents, 'email'>>().toEqualTypeOf<
      | 'support_conference_end'
      | 'support_conference_customer_exit_survey_completed'
      | 'support_conference_rep_exit_survey_completed'
    >();
  });
});
