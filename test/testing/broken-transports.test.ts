import { describe, expect, test } from 'vitest';
import { testTransport } from '../../src/testing.ts';
import { answerBugs } from './broken-transports/answer-bugs.ts';
import { attemptBugs } from './broken-transports/attempt-bugs.ts';
import { connectionBugs } from './broken-transports/connection-bugs.ts';
import { type BrokenTransports, PlainTransport } from './broken-transports/plain-transport.ts';
import { signatureBugs } from './broken-transports/signature-bugs.ts';
import { wireBugs } from './broken-transports/wire-bugs.ts';

const brokenTransports: BrokenTransports = {
  ...answerBugs,
  ...attemptBugs,
  ...connectionBugs,
  ...signatureBugs,
  ...wireBugs,
};

type Suite = ReadonlyMap<string, () => Promise<void>>;

function suiteFor(Transport: typeof PlainTransport): Suite {
  const suite = new Map<string, () => Promise<void>>();
  testTransport({ test: (name, body) => suite.set(name, body), create: async () => new Transport() });
  return suite;
}

const sound = suiteFor(PlainTransport);

describe('a transport', () => {
  test.concurrent.each([...sound])('passes when it is sound: %s', async (_, body) => {
    await body();
  });

  test.concurrent.each(Object.entries(brokenTransports))('is caught when it %s', async (_, { Broken, caughtBy }) => {
    await expect(suiteFor(Broken).get(caughtBy)?.()).rejects.toThrow();
  });

  test('is caught by every test for one bug at least', () => {
    const catching = new Set(Object.values(brokenTransports).map(({ caughtBy }) => caughtBy));
    expect([...sound.keys()].filter((name) => !catching.has(name))).toEqual([]);
  });
});
