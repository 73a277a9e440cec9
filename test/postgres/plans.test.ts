import { expect, test } from 'vitest';
import { ownDatabase, storageOver } from './hosts.ts';

test('what is called from outside is planned without regard to how full the tables are, and never compiled', async () => {
  const pool = (await ownDatabase()).pool();
  await storageOver(pool);
  const { rows } = await pool.query(`
    SELECT proname AS name, proconfig AS settings FROM pg_proc
    WHERE pronamespace = 'outbound_events'::regnamespace AND pronargs = 1 AND proargtypes[0] = 'json'::regtype
      AND prorettype = 'json'::regtype`);
  const names = rows.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(['append', 'stage', 'claim', 'read', 'settle', 'stats']));
  for (const { settings } of rows) {
    expect(settings).toEqual(expect.arrayContaining(['enable_seqscan=off', 'enable_hashjoin=off', 'jit=off']));
  }
});
