import { describe, expect, test } from 'vitest';
import type { StorageUnderTest } from '../../src/testing.ts';
import { brokenStorages } from '../testing/broken-storages/all-bugs.ts';
import { sharedStorage, sharingBugs } from '../testing/broken-storages/shared-storage.ts';
import { holdAgainstModel } from './hold-against-model.ts';
import type { ModelSubject } from './model-subject.ts';

/** Bugs that are not in what is stored: in opening and closing, clocks and news; and two that need more than a run has. */
const beyond = [
  'time answers after close',
  'opening answers with nothing',
  'closing twice is refused',
  'closing does not wait',
  'listeners are told what they did themselves',
  'a storage for one process has a clock',
  'each process has its own clock',
  'there is no time',
  'nobody is told of events',
  'all news are of recipients',
  'nobody is told of leases',
  'listening never stops',
  'only the last 9,999 are kept',
  'the figures are for lease holders',
];

/** Leases over one memory know no processes; its limits are those it was opened with last. */
function shared(storage: StorageUnderTest): ModelSubject {
  return { ...storage, keepsLeases: true, exactLimits: 'none' };
}

function alone(storage: StorageUnderTest): ModelSubject {
  return { ...storage, exactLimits: 'all' };
}

const runs = { runs: 1_000, limitMs: 20_000, seed: 1, shrinks: false };

describe.each([
  { kind: 'for one process', bugs: brokenStorages, processes: 1, subject: alone },
  { kind: 'for several processes', bugs: sharingBugs, processes: 2, subject: shared },
])('a storage $kind differs from the model when', ({ bugs, processes, subject }) => {
  test.each(Object.entries(bugs).filter(([bug]) => !beyond.includes(bug)))('%s', async (_, { create }) => {
    const differs = holdAgainstModel({ ...runs, processes, create: async () => subject(await create()) });
    await expect(differs).rejects.toThrow('storage and model differ');
  });
});

test('a storage for several processes is as the model when it is sound', async () => {
  const create = async () => shared(await sharedStorage());
  expect(await holdAgainstModel({ ...runs, runs: 100, processes: 2, create })).toMatchObject({ runs: 100 });
});

test('bugs that are beyond the model are known ones', () => {
  expect(beyond.filter((bug) => !(bug in brokenStorages) && !(bug in sharingBugs))).toEqual([]);
});
