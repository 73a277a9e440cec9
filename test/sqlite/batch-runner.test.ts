import { expect, onTestFinished, test } from 'vitest';
import type { Lease } from '../../src/core/storage.ts';
import { BatchRunner } from '../../src/sqlite/batch-runner.ts';
import type { Call, Outcome } from '../../src/sqlite/protocol.ts';
import { openStorageFile } from '../../src/sqlite/storage-file.ts';
import { entry, newFile, roomy } from './storages.ts';

const save: Call = { operation: 'saveRecipient', args: [{ id: 'crm', settings: '{}' }] };
const append = (id: string): Call => ({ operation: 'append', args: [[entry(id)], { forgetBefore: 0 }] });

/** A file with a recipient and an event for it. `statements` is what SQLite was told to execute. */
async function setUp() {
  const file = openStorageFile(await newFile());
  const statements: string[] = [];
  const { database } = file;
  const execute = database.exec.bind(database);
  database.exec = (sql) => {
    statements.push(sql.trim());
    execute(sql);
  };
  /** The next commit fails as on a disk that does. */
  const failCommit = (): void => {
    const { exec } = database;
    database.exec = (sql) => {
      if (sql !== 'COMMIT') return exec(sql);
      database.exec = exec;
      throw Object.assign(new Error('disk I/O error'), { errcode: 10 });
    };
  };
  const runner = new BatchRunner(file, roomy);
  onTestFinished(() => {
    runner.end();
    file.close();
  });
  runner.run([save, append('event-1')]);
  const claim: Call = { operation: 'claim', args: [{ holder: 'host', now: 0, expiresAt: 1, limit: 1 }] };
  const [claimed] = runner.run([claim]);
  const [lease] = answerOf(claimed) as [Lease];
  const settle: Call = { operation: 'settle', args: [[{ ...lease, through: 1, dropped: [], state: undefined }]] };
  return { runner, settle, statements, failCommit };
}

function answerOf(outcome: Outcome | undefined): unknown {
  if (outcome === undefined || 'error' in outcome) throw new Error('it failed');
  return outcome.value;
}

function modes(statements: readonly string[]): readonly string[] {
  return statements.flatMap((sql) => /synchronous = (\w+)/.exec(sql)?.[1] ?? []);
}

test('deliveries that have arrived are committed without a flush, unless something else is in the transaction', async () => {
  const { runner, settle, statements } = await setUp();
  statements.length = 0;
  runner.run([settle]);
  runner.run([settle, { operation: 'stats', args: [] }]);
  expect(modes(statements)).toEqual(['NORMAL']);
  runner.run([settle, append('event-2')]);
  expect(modes(statements)).toEqual(['NORMAL', 'FULL']);
  runner.run([settle]);
  expect(modes(statements)).toEqual(['NORMAL', 'FULL', 'NORMAL']);
});

test('what has left is swept without a flush, too', async () => {
  const { runner, settle, statements } = await setUp();
  runner.run([settle]);
  statements.length = 0;
  runner.end();
  expect(statements).toContain('COMMIT');
  expect(modes(statements)).toEqual([]);
});

test('of a hundred commits without a flush one is followed by one with', async () => {
  const { runner, settle, statements } = await setUp();
  statements.length = 0;
  for (let commits = 0; commits < 102; commits++) runner.run([settle]);
  expect(modes(statements)).toEqual(['NORMAL', 'FULL', 'NORMAL']);
});

test('after a flush that failed nothing more is written: what is on the disk is not certain', async () => {
  const { runner, failCommit } = await setUp();
  expect(runner.isSpent).toBe(false);
  failCommit();
  const failed = { error: expect.objectContaining({ code: 'ERR_STORAGE_IO' }) };
  expect(runner.run([append('event-2'), append('event-3')])).toEqual([failed, failed]);
  expect(runner.isSpent).toBe(true);
  expect(runner.run([append('event-4')])).toEqual([failed]);
});
