import { z } from 'zod';
import { defineEvents, type EventData, type EventTypeFor, event, typesFor } from '../../src/core/catalog.ts';
import type { supportSessionEvents } from '../../src/core/support-session.ts';

type E = EventTypeFor<typeof supportSessionEvents, 'email'>;
const a: E = 'support_conference_end';
// @ts-expect-error
const b: E = 'support_conference_begin';
const c = defineEvents({
  'order.paid': event<{ id: string }>(),
  'order.sent': event(z.object({ n: z.number() }), { channels: ['http'] }),
  raw: z.object({ k: z.string().transform(Number) }),
});
const d: EventData<typeof c, 'order.paid'> = { id: 'x' };
const r: EventData<typeof c, 'raw'> = { k: 'x' };
// @ts-expect-error
const s: EventData<typeof c, 'order.sent'> = { n: 'x' };
type X = EventTypeFor<typeof c, 'email'>;
const x: X = 'order.paid';
const y: X = 'raw';
// @ts-expect-error
const w: X = 'order.sent';
void [a, b, c, d, r, s, x, y, w, typesFor];
