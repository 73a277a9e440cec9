import fc from 'fast-check';
import type { Command, EntryPlan, LimitsPlan, Run, SettlementPlan, WriteCommand } from './commands.ts';
import { contents, recipientIds, settingsTexts } from './names.ts';

const minute = 60_000;
const hour = 60 * minute;

const process = fc.nat(1);
const known = fc.nat(recipientIds.length - 2);
const anyone = fc.nat(recipientIds.length - 1);
const settings = fc.nat(settingsTexts.length - 1);
const lease = fc.nat(30);
/** All times are multiples of half a minute: a storage may note a little later than asked that a holder is there. */
const lastsMs = fc.constantFrom(minute, 0, minute / 2, 1.5 * minute);

const entry: fc.Arbitrary<EntryPlan> = fc.record({
  event: fc.nat(80),
  content: fc.nat(contents.length),
  acceptedMs: fc.constantFrom(0, 0, 1, -hour, hour),
  to: fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom([0], [1], [0, 1], [1, 0, 2]) },
    { weight: 1, arbitrary: fc.array(anyone, { maxLength: 4 }) },
  ),
});

const settlement: fc.Arbitrary<SettlementPlan> = fc.record({
  lease,
  advance: fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: -1, max: 3 }) },
    { arbitrary: fc.constant(null), weight: 1 },
  ),
  drops: fc.constantFrom(0, 0, 1, 2),
  state: fc.option(fc.nat(2)),
});

const limits: fc.Arbitrary<LimitsPlan> = fc.record({
  maxDeliveries: fc.constantFrom(1e6, 3, 8),
  maxBytes: fc.constantFrom(1e9, 200, 1e9),
});

const append = fc.record({
  do: fc.constant('append' as const),
  process,
  entries: fc.oneof(
    { weight: 5, arbitrary: fc.array(entry, { maxLength: 4 }) },
    { weight: 1, arbitrary: fc.array(entry, { maxLength: 25, size: 'max' }) },
  ),
  forgetBeforeMs: fc.constantFrom(null, null, -hour, 0, minute),
  apart: fc.boolean(),
});

const settle = fc.record({
  do: fc.constant('settle' as const),
  process,
  settlements: fc.array(settlement, { maxLength: 4 }),
});

const save = fc.record({
  do: fc.constant('save' as const),
  process,
  recipient: known,
  settings,
  replaced: fc.option(settings, { freq: 2 }),
});

const remove = fc.record({ do: fc.constant('remove' as const), process, recipient: anyone });

const write: fc.Arbitrary<WriteCommand> = fc.oneof(
  { weight: 4, arbitrary: append },
  { weight: 3, arbitrary: settle },
  { weight: 1, arbitrary: save },
  { weight: 1, arbitrary: remove },
);

const claim = fc.record({
  do: fc.constant('claim' as const),
  process,
  claim: fc.record({
    holder: fc.nat(1),
    limit: fc.integer({ min: 1, max: 4 }),
    lastsMs,
    of: fc.option(fc.array(anyone, { maxLength: 4 }), { freq: 2 }),
    evenIfHeld: fc.constantFrom(false, false, false, true),
  }),
});

const leases = fc.array(lease, { maxLength: 3 });
const read = fc.record({
  do: fc.constant('read' as const),
  process,
  lease,
  limit: fc.integer({ min: 1, max: 4 }),
  maxBytes: fc.constantFrom(1, 30, 200, 1e9),
});
const limit = fc.integer({ min: 1, max: 4 });

/** Soon, or later: when much, or all, has happened already. */
const moment = fc.oneof(fc.nat(3), fc.nat(100));

/** The frequencies are such that queues fill, are worked on, and run empty. */
const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 10, arbitrary: append },
  { weight: 9, arbitrary: settle },
  { weight: 8, arbitrary: claim },
  { weight: 4, arbitrary: save },
  { weight: 2, arbitrary: remove },
  { weight: 3, arbitrary: read },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('renew' as const), process, leases, lastsMs }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('release' as const), process, leases }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('announce' as const), process, holder: fc.nat(1), lastsMs }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('listDropped' as const), process, recipient: fc.option(anyone), limit }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('stats' as const), process, recipient: anyone }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('passTime' as const), ms: fc.constantFrom(minute / 2, minute, hour) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('reopen' as const, 'crash' as const), process, limits }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('interrupt' as const), moment, write }) },
);

/** Of up to 60 commands. */
export const arbitraryRun: fc.Arbitrary<Run> = fc.record({
  scribbles: fc.boolean(),
  commands: fc.array(command, { maxLength: 60, size: 'max' }),
});
