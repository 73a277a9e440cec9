import { chmod, copyFile, mkdir, readdir, readFile, stat, symlink, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { ErrorCode } from '../../src/core/errors.ts';
import { SqliteStorage } from '../../src/sqlite.ts';
import { Child, canMount } from './child.ts';
import { entry, fingerprint, newFile, openStorage, rememberAll, roomy, temporaryDirectory } from './storages.ts';

/** Opening is refused with this code, in a sentence that names the file at fault and says `sentence`. */
async function expectRefused(file: string, code: ErrorCode, sentence: RegExp, opened = file): Promise<void> {
  const error = await new SqliteStorage({ file: opened }).open(roomy).then(
    () => expect.unreachable('the file was opened'),
    (thrown: unknown) => thrown,
  );
  expect(error).toMatchObject({ name: 'OutboundEventsError', code });
  expect((error as Error).message).toContain(file);
  expect((error as Error).message).toMatch(sentence);
}

/** The file with its log as a crash would leave it: not carried over, while somebody else may still do that. */
async function crashed(file: string, change: string): Promise<string> {
  const database = new DatabaseSync(file);
  database.exec(`PRAGMA journal_mode = WAL; ${change}`);
  const copy = await newFile();
  for (const suffix of ['', '-wal']) await copyFile(`${file}${suffix}`, `${copy}${suffix}`);
  database.close();
  return copy;
}

/** As {@link expectRefused}, and the file is byte for byte as before, with no -wal or -shm of ours beside it. */
async function expectRefusedUnchanged(file: string, code: ErrorCode, sentence: RegExp): Promise<void> {
  const before = await fingerprint(file);
  const beside = (await readdir(dirname(file))).filter((name) => !name.endsWith('-lock'));
  await expectRefused(file, code, sentence);
  expect(await fingerprint(file)).toBe(before);
  expect((await readdir(dirname(file))).filter((name) => !name.endsWith('-lock'))).toEqual(beside);
}

/** A file of ours with some events in it, closed. */
async function closedFile(): Promise<string> {
  const file = await newFile();
  const storage = await openStorage(file);
  await storage.append(
    Array.from({ length: 200 }, (_, index) => entry(`event-${index}`)),
    rememberAll,
  );
  await storage.close();
  return file;
}

describe('a file that is not there', () => {
  test('is made, and only its owner may read it and what lies beside it', async () => {
    const file = await newFile();
    const storage = await openStorage(file);
    await storage.append([entry('event-1')], rememberAll);
    const modes: Record<string, string> = {};
    for (const name of await readdir(dirname(file))) {
      modes[name] = ((await stat(join(dirname(file), name))).mode & 0o777).toString(8);
    }
    expect(modes).toEqual({
      'queue.db': '600',
      'queue.db-wal': '600',
      'queue.db-shm': '600',
      'queue.db-lock': '600',
      'queue.db-ballast': '600',
    });
  });

  test('is refused when its directory does not exist', async () => {
    const file = join(await temporaryDirectory(), 'missing', 'queue.db');
    await expectRefused(file, 'ERR_STORAGE_OPEN', /directory does not exist; create it/);
  });

  test('can be opened once its directory exists', async () => {
    const file = join(await temporaryDirectory(), 'later', 'queue.db');
    const storage = new SqliteStorage({ file });
    await expect(storage.open(roomy)).rejects.toMatchObject({ code: 'ERR_STORAGE_OPEN' });
    await mkdir(dirname(file));
    expect(await storage.open(roomy)).toEqual([]);
    await storage.close();
  });
});

describe('a path that is not a file', () => {
  test('is refused when it is a directory', async () => {
    const directory = await temporaryDirectory();
    await expectRefused(directory, 'ERR_STORAGE_OPEN', /it is a directory; give the path of a file in it/);
    expect(await readdir(directory)).toEqual([]);
  });

  test('is refused when it is a symbolic link, also to a file of ours', async () => {
    const target = await closedFile();
    const file = join(await temporaryDirectory(), 'queue.db');
    await symlink(target, file);
    const before = await fingerprint(target);
    await expectRefused(file, 'ERR_STORAGE_OPEN', /symbolic link; give the path of the file itself/);
    expect(await fingerprint(target)).toBe(before);
  });

  test.each(['-lock', '-ballast'])(
    'is refused when a symbolic link lies in the place of its %s file',
    async (suffix) => {
      const directory = await temporaryDirectory();
      const victim = join(directory, 'victim');
      await writeFile(victim, 'precious');
      const file = join(directory, 'queue.db');
      await symlink(victim, `${file}${suffix}`);
      await expectRefused(`${file}${suffix}`, 'ERR_STORAGE_OPEN', /symbolic link/, file);
      expect(await readFile(victim, 'utf8')).toBe('precious');
    },
  );
});

describe('a place this process may not use', () => {
  /** Number of a user who owns nothing; root may do everything, and others are restricted by the mode alone. */
  const restricted = process.getuid?.() === 0 ? ['65534'] : [];

  async function expectOpenRefused(file: string, sentence: RegExp, wrapper: readonly string[] = []): Promise<void> {
    const user = wrapper.length === 0 ? restricted : [];
    const { lines, errors } = await new Child('open', [file, ...user], wrapper).ended;
    expect(lines, errors).toEqual([expect.stringMatching(sentence)]);
    expect(lines[0]).toContain(`ERR_STORAGE_OPEN ${file} cannot be opened`);
  }

  test('is refused when it is a directory that may not be written to', async () => {
    const directory = await temporaryDirectory();
    await chmod(directory, 0o555);
    onTestFinished(() => chmod(directory, 0o700));
    await expectOpenRefused(join(directory, 'queue.db'), /may not create files in its directory/);
  });

  test('is refused when it is a file that may not be read', async () => {
    const file = await newFile();
    await writeFile(file, '', { mode: 0o000 });
    await chmod(dirname(file), 0o777);
    await expectOpenRefused(file, /this process may not read and write it/);
  });

  test.skipIf(!canMount)('is refused when it is read-only (skipped where a process cannot mount)', async () => {
    const directory = await temporaryDirectory();
    const mount = 'mount -t tmpfs -o ro tmpfs "$0" && exec "$@"';
    const wrapper = ['unshare', '-rm', 'sh', '-c', mount, directory];
    await expectOpenRefused(join(directory, 'queue.db'), /file system is read-only/, wrapper);
  });
});

describe('a file of somebody else', () => {
  test('is refused when it is not a database, and left as it is', async () => {
    const file = await newFile();
    await writeFile(file, 'a letter, and not a short one. '.repeat(500));
    await expectRefusedUnchanged(file, 'ERR_STORAGE_CORRUPT', /not a SQLite database/);
  });

  test.each(['delete', 'wal'])(
    'is refused when it is the database of another application (%s journal)',
    async (mode) => {
      const file = await newFile();
      const database = new DatabaseSync(file);
      database.exec(
        `PRAGMA journal_mode = ${mode}; CREATE TABLE letters (body TEXT); INSERT INTO letters VALUES ('precious')`,
      );
      database.close();
      await expectRefusedUnchanged(file, 'ERR_STORAGE_CORRUPT', /database of another application/);
    },
  );

  test('is refused after a crash too, with a log that is still to be carried over', async () => {
    const file = await crashed(await newFile(), 'CREATE TABLE letters (body TEXT)');
    const log = await fingerprint(`${file}-wal`);
    await expectRefusedUnchanged(file, 'ERR_STORAGE_CORRUPT', /database of another application/);
    expect(await fingerprint(`${file}-wal`)).toBe(log);
  });
});

describe('a file of ours', () => {
  test('is refused when a later release wrote it, and left as it is', async () => {
    const file = await closedFile();
    const database = new DatabaseSync(file);
    database.exec('PRAGMA user_version = 1000');
    database.close();
    await expectRefusedUnchanged(file, 'ERR_SCHEMA_NEWER', /later release of outbound-events \(schema 1000;/);
  });

  test('is refused when a later release wrote it and crashed, and left as it is', async () => {
    const later = await closedFile();
    const database = new DatabaseSync(later);
    database.exec('PRAGMA user_version = 1000');
    database.close();
    const file = await crashed(later, 'CREATE TABLE later (column TEXT)');
    await expectRefusedUnchanged(file, 'ERR_SCHEMA_NEWER', /later release of outbound-events/);
  });

  test.each([1, 99, 4096, 10_000])(
    'is refused when it was cut off after %i bytes, and left as it is',
    async (length) => {
      const file = await closedFile();
      await truncate(file, length);
      await expectRefusedUnchanged(file, 'ERR_STORAGE_CORRUPT', /restore it from a backup/);
    },
  );

  test('is refused when it is empty though its log is not', async () => {
    const file = await closedFile();
    await writeFile(`${file}-wal`, 'events');
    await truncate(file, 0);
    await expectRefusedUnchanged(file, 'ERR_STORAGE_CORRUPT', /empty, though its -wal file is not/);
  });

  test('is opened with a warning when others than its owner may read it', async () => {
    const file = await closedFile();
    await chmod(file, 0o644);
    const storage = new SqliteStorage({ file });
    const warnings = await storage.open(roomy);
    await storage.close();
    expect(warnings).toEqual([expect.stringMatching(/others than its owner may access it.*chmod 600/)]);
    expect(warnings[0]).toContain(file);
  });

  test('has what any SQLite tool can read', async () => {
    const file = await closedFile();
    const database = new DatabaseSync(file, { readOnly: true });
    const row = database.prepare('SELECT count(*) AS queued FROM deliveries').get();
    expect(row?.queued).toBe(200);
    expect(database.prepare('PRAGMA integrity_check').get()?.integrity_check).toBe('ok');
    database.close();
  });
});
