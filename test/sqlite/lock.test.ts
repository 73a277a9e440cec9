import { expect, test } from 'vitest';
import { SqliteStorage } from '../../src/sqlite.ts';
import { Child } from './child.ts';
import { entry, newFile, openStorage, rememberAll, roomy } from './storages.ts';

async function expectLocked(file: string): Promise<void> {
  await expect(new SqliteStorage({ file }).open(roomy)).rejects.toMatchObject({
    code: 'ERR_STORAGE_LOCKED',
    message: `${file} is in use by another storage, in this process or another; one at a time may have it`,
  });
}

test('a second storage of the same process is refused, as often as it tries, and the first goes on', async () => {
  const file = await newFile();
  const storage = await openStorage(file);
  // Any of them would free the file for the next if it let go of the locks of the first.
  for (let attempt = 0; attempt < 3; attempt += 1) await expectLocked(file);
  const other = new Child('open', [file]);
  expect((await other.ended).lines).toEqual([expect.stringMatching(/^ERR_STORAGE_LOCKED /)]);
  expect(await storage.append([entry('event-1')], rememberAll)).toMatchObject([{ status: 'stored' }]);
});

test('the file is free when the storage that had it is closed', async () => {
  const file = await newFile();
  await (await openStorage(file)).close();
  await openStorage(file);
});

test('another process is refused, and opens the file at once when the first was killed', async () => {
  const file = await newFile();
  const child = new Child('hold', [file]);
  await child.says('open');
  await expectLocked(file);
  await child.kill();
  expect(await new SqliteStorage({ file }).open(roomy).then(() => 'opened')).toBe('opened');
});

test('of processes that open the file at the same moment one has it', async () => {
  for (let round = 0; round < 3; round += 1) {
    const file = await newFile();
    const children = Array.from({ length: 4 }, () => new Child('hold', [file]));
    const opened = await Promise.all(
      children.map((child) =>
        child.says('open').then(
          () => 'open',
          (error: Error) => error.message,
        ),
      ),
    );
    expect(opened.filter((line) => line === 'open')).toHaveLength(1);
    for (const line of opened) expect(line).toMatch(/^open$|is in use by another storage/);
    for (const child of children) await child.kill();
  }
});
