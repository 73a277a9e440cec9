import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { PostgresStorage } from '../../src/postgres.ts';
import { ownDatabase } from '../postgres/hosts.ts';
import { entry, newFile, openStorage, rememberAll, roomy, temporaryDirectory } from '../sqlite/storages.ts';

const program = fileURLToPath(new URL('../../src/command/main.ts', import.meta.url));
const repository = fileURLToPath(new URL('../..', import.meta.url));

interface Surroundings {
  readonly url?: string;
  readonly folder?: string;
  readonly node?: readonly string[];
}

/** Runs the command; resolves with its exit code and what it said. */
function run(args: readonly string[], { url, folder = repository, node = [] }: Surroundings = {}) {
  return new Promise<{ code: unknown; output: string; errors: string }>((resolve) => {
    const options = { cwd: folder, env: { PATH: process.env.PATH, DATABASE_URL: url } };
    execFile(process.execPath, [...node, program, ...args], options, (error, output, errors) =>
      resolve({ code: error === null ? 0 : error.code, output, errors }),
    );
  });
}

async function fileWith(events: number, data: string): Promise<string> {
  const file = await newFile();
  const storage = await openStorage(file);
  for (let number = 0; number < events; number += 250) {
    const ids = Array.from({ length: 250 }, (_, index) => `event-${number + index}`);
    await storage.append(
      ids.map((id) => entry(id, data)),
      rememberAll,
    );
  }
  await storage.close();
  return file;
}

test('copies, shows how far it is, and ends with what was copied', async () => {
  const file = await fileWith(5_000, '{}');
  const database = await ownDatabase();
  const { code, output, errors } = await run(['copy', '--from', file, '--schema', 'events'], {
    url: database.connectionString,
  });
  expect({ code, errors }).toEqual({ code: 0, errors: '' });
  expect(output.split('\n').map((line) => line.replace(/^\d+ of/, '… of'))).toEqual([
    ...Array.from({ length: 10 }, (_, index) => `… of 10001 rows (${(index + 1) * 10} %)`),
    'Copied 1 recipients, 5000 events, 5000 deliveries that wait and 0 that were dropped.',
    `${file} is as it was. Start no host on it again: it would send what waits in it a second time.`,
    '',
  ]);
  const storage = new PostgresStorage({ pool: database.pool(), schema: 'events' });
  await storage.open(roomy);
  expect(await storage.stats('crm')).toMatchObject([{ queued: 5_000 }]);
  await storage.close();
});

test('needs little memory, however much is copied', async () => {
  // 100 MB, with less than half of that for it.
  const file = await fileWith(5_000, JSON.stringify({ text: 'x'.repeat(20_000) }));
  const database = await ownDatabase();
  const { code, output } = await run(['copy', '--from', file, '--to', database.connectionString], {
    node: ['--max-old-space-size=40'],
  });
  expect(code).toBe(0);
  expect(output).toContain('5000 deliveries that wait');
});

test.each([
  ['a server that is not there', 'postgres://user:s3cr3t@127.0.0.1:1/app'],
  ['a URL that pg cannot use', 'postgres://user:s3cr3t@127.0.0.1:1/app?sslrootcert=/nowhere/s3cr3t.pem'],
])('for %s an error is one line with its code, and shows no password', async (_, url) => {
  const file = await fileWith(250, '{}');
  const { code, output, errors } = await run(['copy', '--from', file, '--to', url], { url });
  expect({ code, output }).toEqual({ code: 1, output: '' });
  expect(errors).toMatch(/^outbound-events: ERR_STORAGE_UNAVAILABLE: no connection .+\n$/);
  expect(errors).not.toContain('s3cr3t');
});

test('a file that is not there is said to be', async () => {
  const { code, errors } = await run(['copy', '--from', 'nowhere.db'], { url: 'postgres://127.0.0.1:1/app' });
  expect(code).toBe(1);
  expect(errors).toMatch(
    /^outbound-events: ERR_STORAGE_OPEN: .+nowhere\.db cannot be opened: there is no such file\n$/,
  );
});

test('where there is no pg, that is what it says', async () => {
  const folder = await temporaryDirectory();
  const { code, errors } = await run(['copy', '--from', 'a.db'], { url: 'postgres://127.0.0.1:1/app', folder });
  expect(code).toBe(1);
  expect(errors).toBe('outbound-events: pg is not there; run this in the folder of your host, or npm install pg\n');
});

test('help is given when asked for, and with what is wrong', async () => {
  expect(await run(['--help'])).toEqual({ code: 0, output: expect.stringMatching(/^Usage: /), errors: '' });
  expect(await run(['move'])).toEqual({
    code: 2,
    output: '',
    errors: expect.stringMatching(/^outbound-events: the one thing it can do is: copy\n\nUsage: /),
  });
});
