import { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { BlackHole } from './black-hole.ts';
import { createDatabase, type Database } from './database.ts';

let database: Database;
let hole: BlackHole;

beforeAll(async () => {
  database = await createDatabase();
  await database.pool().query('CREATE TABLE said (line text)');
});
afterAll(() => database.drop());
beforeEach(async () => {
  hole = await BlackHole.start(database.config);
  onTestFinished(() => hole[Symbol.asyncDispose]());
});

/** A client on the far side of the hole, and how its connection broke, if it did. */
function newClient(): { client: Client; errors: string[] } {
  const client = new Client(hole.config);
  const errors: string[] = [];
  client.on('error', ({ message }) => errors.push(message));
  // It does not end before the other side says so, which may be when the hole is closed.
  onTestFinished(() => void client.end());
  return { client, errors };
}

/** Whether the server was told this line, as seen past the hole. */
async function isSaid(line: string): Promise<boolean> {
  const { rows } = await database.pool().query('SELECT FROM said WHERE line = $1', [line]);
  return rows.length > 0;
}

/** Says a line by way of the hole, and tells whether that was answered. */
function say(client: Client, line: string): { done: Promise<unknown>; isAnswered: () => boolean } {
  let isAnswered = false;
  const done = client.query('INSERT INTO said VALUES ($1)', [line]).then(() => {
    isAnswered = true;
  });
  return { done, isAnswered: () => isAnswered };
}

test('what is held back reaches the server later', async () => {
  const { client, errors } = newClient();
  await client.connect();
  hole.hold('requests');
  const { done, isAnswered } = say(client, 'late');
  for (let count = 0; count < 10; count++) expect(await isSaid('late')).toBe(false);
  expect(isAnswered()).toBe(false);
  await hole.goOn();
  await done;
  expect(errors).toEqual([]);
});

test('a statement can be done without its client being told', async () => {
  const { client, errors } = newClient();
  await client.connect();
  hole.hold('answers');
  const { done, isAnswered } = say(client, 'unanswered');
  await vi.waitFor(async () => expect(await isSaid('unanswered')).toBe(true));
  for (let count = 0; count < 10; count++) await isSaid('unanswered');
  expect(isAnswered()).toBe(false);

  const lost = expect(done).rejects.toMatchObject({ code: 'ECONNRESET' });
  hole.cut();
  await lost;
  expect(errors).not.toEqual([]);
});

test('nothing comes of a connection until it goes on', async () => {
  hole.hold();
  const { client } = newClient();
  let isConnected = false;
  const connected = client.connect().then(() => {
    isConnected = true;
  });
  for (let count = 0; count < 10; count++) await isSaid('');
  expect(isConnected).toBe(false);
  await hole.goOn();
  await connected;
});

test('the server is not told that a client has gone', async () => {
  const { client } = newClient();
  await client.connect();
  const { rows } = await client.query('SELECT pg_backend_pid() AS pid');
  const isThere = async () => {
    const found = await database.pool().query('SELECT FROM pg_stat_activity WHERE pid = $1', [rows[0].pid]);
    return found.rows.length > 0;
  };
  hole.hold();
  const ended = client.end();
  for (let count = 0; count < 10; count++) expect(await isThere()).toBe(true);
  await hole.goOn();
  await ended;
  await vi.waitFor(async () => expect(await isThere()).toBe(false));
});

test('the server is not told of the end of connections that were forgotten, and new ones work', async () => {
  const { client } = newClient();
  await client.connect();
  const { rows } = await client.query('SELECT pg_backend_pid() AS pid');
  hole.forget();
  const { done, isAnswered } = say(client, 'forgotten');
  done.catch(() => {});
  void client.end();
  const after = newClient();
  await after.client.connect();
  await say(after.client, 'after').done;
  expect(await isSaid('forgotten')).toBe(false);
  expect(isAnswered()).toBe(false);
  const found = await database.pool().query('SELECT FROM pg_stat_activity WHERE pid = $1', [rows[0].pid]);
  expect(found.rows).toHaveLength(1);
});

test('connections are refused until it goes on', async () => {
  const { client, errors } = newClient();
  await client.connect();
  await hole.refuse();
  await vi.waitFor(() => expect(errors).not.toEqual([]));
  await expect(newClient().client.connect()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await hole.goOn();
  await newClient().client.connect();
});
