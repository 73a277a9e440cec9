import { onTestFinished } from 'vitest';
import { defineEvents, event } from '../../src/core/catalog.ts';
import { type LifecycleEvents, lifecycleEventNames } from '../../src/core/lifecycle.ts';
import type { OutboundEventsOptions } from '../../src/core/options.ts';
import { MemoryStorage } from '../../src/memory/memory-storage.ts';
import { OutboundEvents } from '../../src/outbound-events.ts';
import { ManualClock, RecordingRelay, ScriptedTransport } from '../../src/testing.ts';

export const catalog = defineEvents({
  'order.paid': event<{ order: number }>({ variables: { order: 'Number of the order' } }),
  'order.sent': event<{ order: number }>(),
  'user.joined': event<{ name: string }>(),
});

type Told = {
  [Name in keyof LifecycleEvents]: { readonly name: Name; readonly payload: LifecycleEvents[Name] };
}[keyof LifecycleEvents];

/** An `OutboundEvents` over memory, without network and without waiting, and all that can be seen of it. */
export function setUp(options: Partial<OutboundEventsOptions<typeof catalog>> = {}) {
  const clock = (options.clock as ManualClock | undefined) ?? new ManualClock();
  const storage = options.storage ?? new MemoryStorage();
  const http = new ScriptedTransport({ clock });
  const email = new ScriptedTransport({ clock });
  const relay = new RecordingRelay({ clock });
  const outbound = new OutboundEvents({
    events: catalog,
    storage,
    clock,
    transports: { http, email, relay },
    ...options,
  });
  const told: Told[] = [];
  for (const name of lifecycleEventNames) outbound.on(name, (payload) => told.push({ name, payload } as Told));
  onTestFinished(async () => {
    const stopped = outbound.stop();
    await clock.advance('10s');
    await stopped;
  });
  return {
    outbound,
    clock,
    storage,
    http,
    email,
    relay,
    told,
    /** Payloads told under one name, so far. */
    heard: <Name extends keyof LifecycleEvents>(name: Name): LifecycleEvents[Name][] =>
      told.filter((one) => one.name === name).map((one) => one.payload as LifecycleEvents[Name]),
  };
}

export const minute = 60_000;
export const hour = 60 * minute;
export const day = 24 * hour;
