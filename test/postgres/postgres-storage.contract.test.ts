import { describe, test } from 'vitest';
import { PostgresStorage } from '../../src/postgres.ts';
import { testQueueStorage } from '../../src/testing.ts';
import { createDatabase } from './database.ts';

let schemas = 0;
const database = await createDatabase();

testQueueStorage({
  test: test.concurrent,
  describe,
  shared: true,
  create: async () => {
    const schema = `suite_${++schemas}`;
    const pool = database.pool();
    let shiftMs = 0;
    const another = async (): Promise<PostgresStorage> => new PostgresStorage({ pool, schema });
    return {
      storage: await another(),
      reopen: another,
      another,
      passTime: async (ms) => {
        shiftMs += ms;
        await pool.query(`CREATE OR REPLACE FUNCTION "${schema}".lease_clock () RETURNS timestamptz LANGUAGE sql
          AS 'SELECT clock_timestamp() + interval ''${shiftMs} milliseconds'''`);
      },
      dispose: async () => {
        await pool.query(`DROP SCHEMA IF EXISTS "${schema}" CASCADE`);
        await pool.end();
      },
    };
  },
});
