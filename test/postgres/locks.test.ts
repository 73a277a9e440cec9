import type { Pool, PoolClient } from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { sqlNames } from '../../src/postgres/migrate.ts';
import { host, ownDatabase } from './hosts.ts';

const crm = { id: 'crm', name: 'CRM', url: 'https://example.com/', events: '*' } as const;

/** A transaction of somebody else's, which is rolled back when the test ends. */
async function transaction(pool: Pool): Promise<PoolClient> {
  const client = await pool.connect();
  onTestFinished(async () => {
    await client.query('ROLLBACK');
    client.release();
  });
  await client.query('BEGIN');
  return client;
}

test('while somebody keeps a table locked calls are refused as busy, and none is left waiting on the server (F73)', async () => {
  const database = await ownDatabase();
  const { outbound } = host(database, {}, {}, { timeout: '1s' });
  await outbound.addHttpRecipient(crm);
  const spy = database.pool();
  // As VACUUM FULL and ALTER TABLE do.
  const other = await transaction(spy);
  await other.query('LOCK TABLE outbound_events.tails IN ACCESS EXCLUSIVE MODE');
  for (let round = 0; round < 2; round += 1) {
    const emitted = outbound.emit('order.paid', { order: 1 }, { id: 'order-1' });
    for (const call of await Promise.allSettled([emitted, outbound.status(), outbound.status()])) {
      expect(call).toMatchObject({ status: 'rejected', reason: { code: 'ERR_STORAGE_BUSY' } });
    }
  }
  const { rows } = await spy.query(
    "SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
  );
  // It is looked for news now and then.
  expect(rows[0].n).toBeLessThanOrEqual(1);
  await other.query('ROLLBACK');
  await outbound.emit('order.paid', { order: 1 }, { id: 'order-1' });
});

test('how long locks are waited for is not changed for the statements and transactions of the host', async () => {
  const database = await ownDatabase();
  await database.pool().query(`ALTER DATABASE ${database.config.database} SET lock_timeout = '7s'`);
  const { outbound, pool } = host(database, {}, { max: 3 });
  await outbound.addHttpRecipient(crm);
  await outbound.emit('order.paid', { order: 1 });
  // All but the one that listens: each of them has served.
  await Promise.all(Array.from({ length: 8 }, () => outbound.status()));
  const clients = await Promise.all(Array.from({ length: 2 }, () => pool.connect()));
  for (const client of clients) {
    expect((await client.query('SHOW lock_timeout')).rows).toEqual([{ lock_timeout: '7s' }]);
    await client.query('BEGIN');
    await outbound.emit('order.paid', { order: 2 }, { transaction: client });
    expect((await client.query('SHOW lock_timeout')).rows).toEqual([{ lock_timeout: '7s' }]);
    await client.query('COMMIT');
    client.release();
  }
});

test('a process that stands still in its migration holds up the start of others for a while only', async () => {
  const database = await ownDatabase();
  const { lockClass } = sqlNames('outbound_events');
  const other = await transaction(database.pool());
  await other.query(`SELECT pg_advisory_xact_lock(${lockClass}, 0)`);
  const { outbound, storage } = host(database, {}, {}, { timeout: '1s' });
  await expect(outbound.start()).rejects.toMatchObject({ code: 'ERR_STORAGE_BUSY' });
  await expect(storage.migrate()).rejects.toMatchObject({ code: 'ERR_STORAGE_BUSY' });
  await other.query('ROLLBACK');
  await outbound.start();
});
