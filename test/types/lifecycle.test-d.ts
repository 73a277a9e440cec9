import {
  type AttemptError,
  defineEvents,
  event,
  type LifecycleEvents,
  OutboundEvents,
  type OutboundEventsError,
} from 'outbound-events';
import { describe, expectTypeOf, it } from 'vitest';
import type { lifecycleEventNames } from '../../src/core/lifecycle.ts';

const outbound = new OutboundEvents({ events: defineEvents({ opened: event() }), storage: ':memory:' });

describe('listeners', () => {
  it('are given the payload of their lifecycle event', () => {
    outbound.on('delivered', (payload) => {
      expectTypeOf(payload).toEqualTypeOf<LifecycleEvents['delivered']>();
      expectTypeOf(payload.attempt).toEqualTypeOf<number>();
    });
    outbound.once('retrying', ({ error, nextAttemptAt }) => {
      expectTypeOf(error).toEqualTypeOf<AttemptError>();
      expectTypeOf(nextAttemptAt).toEqualTypeOf<number>();
    });
    outbound.on('dropped', ({ reason }) => {
      expectTypeOf(reason).toEqualTypeOf<'expired' | 'rejected' | 'removed'>();
    });
    outbound.on('alert:sent', ({ about }) => expectTypeOf(about).toEqualTypeOf<'failing' | 'recovered'>());
    outbound.on('certificate:expiring', ({ recipientId, field, subject, expiresAt, expired }) => {
      expectTypeOf(recipientId).toEqualTypeOf<string | null>();
      expectTypeOf(field).toEqualTypeOf<'ca' | 'tls.cert' | 'smtp.ca'>();
      expectTypeOf(subject).toEqualTypeOf<string>();
      expectTypeOf(expiresAt).toEqualTypeOf<number>();
      expectTypeOf(expired).toEqualTypeOf<boolean>();
    });
    outbound.off('error', (error) => expectTypeOf(error).toEqualTypeOf<OutboundEventsError>());
  });

  it('may leave the payload out', () => {
    outbound.on('relay:status', () => {});
  });

  it('cannot listen to what is never told', () => {
    // @ts-expect-error
    outbound.on('deliverd', () => {});
    // @ts-expect-error
    outbound.on('recipient:failed', () => {});
  });

  it('cannot ask for another payload', () => {
    // @ts-expect-error
    outbound.on('delivered', (payload: string) => payload);
    outbound.on('delivered', (payload) => {
      // @ts-expect-error
      payload.body;
      // @ts-expect-error
      payload.attempt = 5;
    });
  });

  it('are added and taken away in chains', () => {
    expectTypeOf(outbound.on('error', () => {}).once('error', () => {})).toEqualTypeOf(outbound);
  });
});

describe('lifecycle events', () => {
  it('have no payload of any', () => {
    expectTypeOf<LifecycleEvents[keyof LifecycleEvents]>().not.toBeAny();
    expectTypeOf<LifecycleEvents['delivered']['response']>().not.toBeAny();
  });

  it('are all known by name at run time too', () => {
    expectTypeOf<(typeof lifecycleEventNames)[number]>().toEqualTypeOf<keyof LifecycleEvents>();
  });
});
