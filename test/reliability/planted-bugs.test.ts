import { expect, it } from 'vitest';
import { check, type ViolationKind } from './checker.ts';
import type { KillMoment } from './kill-moment.ts';
import { runKills } from './kill-run.ts';
import { loadRecipients } from './load.ts';
import type { PlantedBug } from './planted-bugs.ts';

const kills: readonly KillMoment[] = [
  { incident: 'acknowledgement', count: 40, ms: 0, emits: true },
  { incident: 'delivery', count: 100, ms: 0, emits: true },
];

const bugs: readonly [PlantedBug, ViolationKind][] = [
  ['acknowledges before storing', 'lost'],
  ['settles too late', 'duplicated'],
  ['settles too early', 'lost'],
  ['keeps no state', 'miscounted'],
  ['hands out the second first', 'overtaken'],
];

// `npm run test:long` has them all.
it.each(process.env.TEST_LENGTH === 'long' ? bugs : bugs.slice(0, 2))(
  'a storage that %s is found out: %s',
  { timeout: 120_000 },
  async (bug, kind) => {
    const run = await runKills({
      seed: 1,
      bug,
      kills,
      events: 150,
      recipients: loadRecipients(20),
      status: (_, random) => (random.percent(5) ? 500 : 200),
    });
    expect(check(run.history).violations.map((violation) => violation.kind)).toContain(kind);
  },
);
