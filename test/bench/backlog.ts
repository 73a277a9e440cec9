// What a backlog costs, and recipients that wait for nothing: storages are filled, and processes of their own work on them
// with a transport that costs nothing.
import { alternate } from './alternate.ts';
import { measureApart } from './apart.ts';
import type { Arena, StorageKind } from './arena.ts';
import type { HeadPlan } from './children/head.ts';
import type { WorkFigures, WorkPlan } from './children/work.ts';
import { FilledStorage } from './filled-storage.ts';
import type { Report, Row } from './report.ts';
import { median, ratios, told } from './statistics.ts';

const kinds = [
  { title: 'SQLite', keeps: 'folder' },
  { title: 'PostgreSQL', keeps: 'PostgreSQL' },
] as const;

const warmUp = 4_000;
const deliveries = 4_000;

/** A backlog that is worked on, beside the smallest one in the same storage. */
interface Case {
  readonly storage: string;
  readonly kind: StorageKind;
  readonly columns: Row;
  /** Deliveries that wait when the work is done. */
  readonly left: number;
  readonly recipients: number;
  readonly active: number;
  readonly idleMs: number;
}

/** The same deliveries with little and with much behind them. */
export function measureBacklogs(arena: Arena, sizes: readonly number[], rounds: number): Promise<Report> {
  const cases = kinds.flatMap(({ title, keeps }) =>
    sizes.map(
      (left): Case => ({
        storage: title,
        kind: keeps,
        columns: { waiting: left },
        left,
        recipients: 20,
        active: 20,
        idleMs: 0,
      }),
    ),
  );
  return measure(arena, { title: 'Deliveries while so many others wait, for 20 recipients', cases, rounds });
}

/** The same deliveries for 100 recipients, alone and among 10,000. */
export function measureIdleRecipients(arena: Arena, rounds: number): Promise<Report> {
  const active = 100;
  const cases = kinds.flatMap(({ title, keeps }) =>
    [active, 10_000].map(
      (recipients): Case => ({
        storage: title,
        kind: keeps,
        columns: { recipients, active },
        left: 0,
        recipients,
        active,
        idleMs: 2_000,
      }),
    ),
  );
  return measure(arena, {
    title: 'Deliveries for active recipients among others that wait for nothing',
    cases,
    rounds,
  });
}

interface Figures extends WorkFigures {
  readonly headMs: number;
}

interface Plan {
  readonly title: string;
  readonly cases: readonly Case[];
  readonly rounds: number;
}

async function measure(arena: Arena, { title, cases, rounds }: Plan): Promise<Report> {
  const loop = 'bare loop';
  const turns = [loop, ...cases] as const;
  const figures = await arena.lendAll(
    cases.map(({ kind }) => kind),
    async (storages) => {
      const filled = new Map(
        cases.map((each, index) => [each, new FilledStorage(storages[index] as string, each.recipients, each.active)]),
      );
      for (const [{ left }, mine] of filled) await mine.add(left);
      return alternate(turns, rounds, async (turn) => {
        if (turn === loop) return { ...(await work({ storage: null, warmUp, deliveries, idleMs: 0 })), headMs: 0 };
        const mine = filled.get(turn) as FilledStorage;
        const { storage } = mine;
        await mine.add(warmUp + deliveries);
        const headMs = await measureApart<HeadPlan, number>('head', { storage });
        return { ...(await work({ storage, warmUp, deliveries, idleMs: turn.idleMs })), headMs };
      });
    },
  );
  const values = (turn: Case | typeof loop | undefined, value: (figures: Figures) => number): readonly number[] =>
    (turn === undefined ? [] : (figures.get(turn) ?? [])).map(value);
  const rows = cases.map((each): Row => {
    const smallest = cases.find(({ storage }) => storage === each.storage);
    const of = (value: (figures: Figures) => number): number => median(values(each, value));
    const perDelivery = (turn: Case | undefined) => values(turn, ({ perDeliveryMs }) => perDeliveryMs);
    const { median: times, spread } = told(ratios(perDelivery(each), perDelivery(smallest)));
    return {
      storage: each.storage,
      ...each.columns,
      'ms/delivery': of(({ perDeliveryMs }) => perDeliveryMs),
      'to the first': times,
      spread,
      'head found ms': of(({ headMs }) => headMs),
      'CPU ms/delivery': of(({ cpuMsPerDelivery }) => cpuMsPerDelivery),
      'started after ms': of(({ startMs }) => startMs),
      'first attempt after ms': of(({ firstAttemptMs }) => firstAttemptMs),
      'MB over a bare loop': of(({ rssMb }) => rssMb) - median(values(loop, ({ rssMb }) => rssMb)),
      ...(each.idleMs > 0 && { 'idle CPU ms/s': of(({ idleCpuMsPerSecond }) => idleCpuMsPerSecond ?? Number.NaN) }),
    };
  });
  return {
    tables: [
      {
        title: `${title}, ${rounds} rounds`,
        notes: [
          'The transport costs nothing: this is what the queue costs.',
          'A head is found when the storage has been asked for it and has answered, from its thread or its server.',
        ],
        rows,
      },
    ],
    rounds: cases.map((each) => ({ storage: each.storage, ...each.columns, figures: figures.get(each) })),
  };
}

function work(plan: WorkPlan): Promise<WorkFigures> {
  return measureApart<WorkPlan, WorkFigures>('work', plan);
}
