import { expect, test } from 'vitest';
import type { StorageLimits } from '../../src/core/storage.ts';
import { storedEvent } from '../../src/testing/builders.ts';
import { ownDatabase, storageOver, until } from './hosts.ts';

const options = { forgetBefore: 0 };

function entry(id: string, ...recipientIds: readonly string[]) {
  return { event: storedEvent({ id }), recipientIds };
}

/** Two recipients, and somebody who holds the end of the first one's queue. */
async function whileFirstIsHeld({ limits }: { readonly limits?: StorageLimits }) {
  const database = await ownDatabase();
  const pool = database.pool();
  const storage = await storageOver(pool, limits);
  await storage.saveRecipient({ id: 'first', settings: '{}' });
  await storage.saveRecipient({ id: 'second', settings: '{}' });
  const [other, host] = [await pool.connect(), await pool.connect()];
  const lock = (id: string) =>
    other.query(
      `SELECT FROM outbound_events.tails t JOIN outbound_events.recipients r ON r.key = t.recipient
        WHERE r.id = $1 FOR UPDATE OF t NOWAIT`,
      [id],
    );
  await other.query('BEGIN');
  await lock('first');
  const [{ pid }] = (await other.query('SELECT pg_backend_pid() AS pid')).rows;
  const isAwaited = async () => {
    const waiting = await pool.query('SELECT FROM pg_stat_activity WHERE $1 = ANY (pg_blocking_pids(pid))', [pid]);
    return waiting.rowCount === 1;
  };
  const goOn = async () => {
    await other.query('COMMIT');
    other.release();
    host.release();
  };
  return { storage, host, lock, isAwaited, goOn };
}

test('who waits for a queue holds none that comes after it: events of a transaction that are to go before', async () => {
  const { storage, host, lock, isAwaited, goOn } = await whileFirstIsHeld({});
  await host.query('BEGIN');
  await storage.append([entry('event-1', 'second')], { ...options, transaction: host });
  await host.query('COMMIT');
  const appended = storage.append([entry('event-2', 'first')], options);
  await until(isAwaited);
  await lock('second');
  await goOn();
  expect(await appended).toMatchObject([{ status: 'stored' }]);
});

test('who waits for a queue holds none that comes after it: near the bound', async () => {
  const { storage, lock, isAwaited, goOn } = await whileFirstIsHeld({ limits: { maxDeliveries: 2, maxBytes: 1e9 } });
  const entries = [entry('event-1', 'second'), entry('event-2', 'first'), entry('event-3', 'first')];
  const appended = storage.append(entries, options);
  await until(isAwaited);
  await lock('second');
  await goOn();
  expect(await appended).toMatchObject([{ status: 'stored' }, { status: 'stored' }, { status: 'backlog-full' }]);
});

test('who waits for a queue holds none that comes after it: a recipient that is removed', async () => {
  const { storage, host, lock, isAwaited, goOn } = await whileFirstIsHeld({});
  await host.query('BEGIN');
  await storage.append([entry('event-1', 'second')], { ...options, transaction: host });
  await host.query('COMMIT');
  const removed = storage.removeRecipient('first');
  await until(isAwaited);
  await lock('second');
  await goOn();
  expect(await removed).toBe(true);
});

test('who repeats only what was accepted before waits for no queue', async () => {
  const { storage, goOn } = await whileFirstIsHeld({});
  expect(await storage.append([entry('event-1', 'second')], options)).toMatchObject([{ status: 'stored' }]);
  const again = [entry('event-1', 'first', 'second'), entry('event-1', 'first')];
  expect(await storage.append(again, options)).toEqual([{ status: 'duplicate' }, { status: 'duplicate' }]);
  await goOn();
});
