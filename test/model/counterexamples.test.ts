import { afterAll, describe, test } from 'vitest';
import { createDatabase } from '../postgres/database.ts';
import type { Run } from './commands.ts';
import { runCommands } from './run-commands.ts';
import { memorySubject } from './subjects/memory.ts';
import { postgresSubject } from './subjects/postgres.ts';
import { PostgresGround } from './subjects/postgres-ground.ts';
import { sqliteHereSubject } from './subjects/sqlite-here.ts';

/** Runs in which a storage once differed from the model. */
const counterexamples: Readonly<Record<string, Run>> = {
  'a claim that names a recipient twice (memory)': {
    scribbles: false,
    commands: [
      { do: 'claim', process: 0, claim: { holder: 0, limit: 2, lastsMs: 60_000, of: [1, 1], evenIfHeld: false } },
    ],
  },
  'an event that names a recipient twice (memory)': {
    scribbles: false,
    commands: [
      {
        do: 'append',
        process: 0,
        entries: [{ event: 0, content: 0, acceptedMs: 0, to: [1, 1] }],
        forgetBeforeMs: null,
        apart: false,
      },
    ],
  },
  'a lost lease in an array that changes meanwhile (PostgreSQL)': {
    scribbles: true,
    commands: [{ do: 'renew', process: 0, leases: [0], lastsMs: 60_000 }],
  },
  'a delivery dropped twice in one call (PostgreSQL)': {
    scribbles: false,
    commands: [
      {
        do: 'append',
        process: 0,
        entries: [{ event: 0, content: 0, acceptedMs: 0, to: [0] }],
        forgetBeforeMs: null,
        apart: false,
      },
      { do: 'claim', process: 0, claim: { holder: 0, limit: 1, lastsMs: 60_000, of: [0], evenIfHeld: false } },
      {
        do: 'settle',
        process: 0,
        settlements: [
          { lease: 1, advance: 1, drops: 1, state: 0 },
          { lease: 1, advance: 1, drops: 1, state: 1 },
        ],
      },
    ],
  },
  'drops of two recipients in one call, with two settlements of one of them (PostgreSQL)': {
    scribbles: false,
    commands: [
      { do: 'claim', process: 0, claim: { holder: 0, limit: 2, lastsMs: 60_000, of: null, evenIfHeld: false } },
      {
        do: 'append',
        process: 0,
        entries: [{ event: 0, content: 0, acceptedMs: 0, to: [1, 0] }],
        forgetBeforeMs: null,
        apart: false,
      },
      {
        do: 'settle',
        process: 0,
        settlements: [
          { lease: 22, advance: 0, drops: 0, state: null },
          { lease: 5, advance: 1, drops: 1, state: null },
          { lease: 22, advance: 1, drops: 2, state: null },
        ],
      },
    ],
  },
  'what fits after a count that has just been used up (PostgreSQL)': {
    scribbles: false,
    commands: [
      { do: 'reopen', process: 0, limits: { maxDeliveries: 1_000_000, maxBytes: 172 } },
      ...[6, 0].map((content, event) => ({
        do: 'append' as const,
        process: 0,
        entries: [{ event, content, acceptedMs: 0, to: [0] }],
        forgetBeforeMs: null,
        apart: false,
      })),
    ],
  },
  'an event for nobody above a bound in bytes that was lowered (PostgreSQL: accepted; the others: refused)': {
    scribbles: false,
    commands: [
      {
        do: 'append',
        process: 0,
        entries: [{ event: 0, content: 7, acceptedMs: 0, to: [0] }],
        forgetBeforeMs: null,
        apart: false,
      },
      { do: 'reopen', process: 0, limits: { maxDeliveries: 1e6, maxBytes: 200 } },
      {
        do: 'append',
        process: 0,
        entries: [
          { event: 1, content: 0, acceptedMs: 0, to: [] },
          { event: 2, content: 7, acceptedMs: 0, to: [4] },
        ],
        forgetBeforeMs: null,
        apart: true,
      },
    ],
  },
};

const database = await createDatabase();
afterAll(() => database.drop());
const ground = await PostgresGround.make(database, 'counterexamples');

describe.each([
  ['memory', memorySubject],
  ['a SQLite file', sqliteHereSubject],
  ['a schema of PostgreSQL', () => postgresSubject(ground, 1)],
])('%s does what the model does', (_, create) => {
  test.each(Object.entries(counterexamples))('%s', (_, run) => runCommands({ create }, run));
});
