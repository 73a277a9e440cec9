import { appendBugs } from './append-bugs.ts';
import type { BrokenStorages } from './broken-storage.ts';
import { durabilityBugs, verbatimBugs } from './content-bugs.ts';
import { leaseBugs } from './lease-bugs.ts';
import { copyBugs, lifeBugs } from './life-bugs.ts';
import { limitBugs } from './limit-bugs.ts';
import { presenceBugs } from './presence-bugs.ts';
import { droppedBugs, readBugs, settleBugs, statsBugs } from './queue-bugs.ts';
import { recipientBugs } from './recipient-bugs.ts';

/** Storages for one process, each with one bug. */
export const brokenStorages: BrokenStorages = {
  ...lifeBugs,
  ...recipientBugs,
  ...appendBugs,
  ...limitBugs,
  ...leaseBugs,
  ...presenceBugs,
  ...readBugs,
  ...settleBugs,
  ...droppedBugs,
  ...statsBugs,
  ...durabilityBugs,
  ...verbatimBugs,
  ...copyBugs,
};
