import { expect, it } from 'vitest';
import { defineEvents, event } from '../../src/core/catalog.ts';
import { macrosFor } from '../../src/core/macros.ts';
import { standardVariables } from '../../src/core/message.ts';
import { supportSessionEvents } from '../../src/core/support-session.ts';

it('the macros of an event type are its variables and what every mail can say, each with its meaning', () => {
  expect(macrosFor(supportSessionEvents, 'support_conference_end')).toEqual([
    { name: 'lsid', meaning: 'Session id' },
    { name: 'external_key', meaning: "The help desk's key of the session" },
    { name: 'conference_name', meaning: 'Name of the queue or room that owns the session' },
    { name: 'conference_id', meaning: 'Id of the queue or room that owns the session' },
    { name: 'event', meaning: 'Event type' },
    { name: 'version', meaning: 'Version of the shape of its variables' },
    { name: 'timestamp', meaning: 'When it happened: Unix time in whole seconds' },
    { name: 'recipient', meaning: "The recipient's name" },
  ]);
});

it('an event type without declared variables has only those of every mail', () => {
  const events = defineEvents({ opened: event<{ door: string }>() });
  expect(macrosFor(events, 'opened').map((macro) => macro.name)).toEqual([...standardVariables, 'recipient']);
});
