import { afterAll } from 'vitest';
import { createDatabase } from '../postgres/database.ts';
import { postgresSubject } from './subjects/postgres.ts';
import { PostgresGround } from './subjects/postgres-ground.ts';
import { testStorage } from './test-storage.ts';

const database = await createDatabase();
afterAll(() => database.drop());

const lengths = { short: 6, long: 10_000 };

const one = await PostgresGround.make(database, 'one');
testStorage('a schema of PostgreSQL', { create: () => postgresSubject(one, 1) }, lengths);

const two = await PostgresGround.make(database, 'two');
testStorage(
  'a schema of PostgreSQL with two processes',
  { create: () => postgresSubject(two, 2), processes: 2 },
  lengths,
);
