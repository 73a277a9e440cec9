import type { PoolConfig } from 'pg';
import { onTestFinished } from 'vitest';
import { defineEvents, event } from '../../src/core/catalog.ts';
import type { LifecycleEvents } from '../../src/core/lifecycle.ts';
import type { OutboundEventsOptions } from '../../src/core/options.ts';
import type { StorageLimits } from '../../src/core/storage.ts';
import { OutboundEvents } from '../../src/outbound-events.ts';
import {
  type PostgresPool,
  PostgresStorage,
  type PostgresStorageOptions,
  type PostgresTransaction,
} from '../../src/postgres.ts';
import { ScriptedTransport } from '../../src/testing.ts';
import { createDatabase, type Database } from './database.ts';

export const catalog = defineEvents({ 'order.paid': event<{ order: number; note?: string }>() });

/** A database of a test's own, which is dropped when the hosts over it are stopped. */
export async function ownDatabase(): Promise<Database> {
  const database = await createDatabase();
  onTestFinished(() => database.drop());
  return database;
}

/** Limits that no test reaches unless it is about them. */
const roomy: StorageLimits = { maxDeliveries: 1_000_000, maxBytes: 1e9 };

/** An open storage without a host, closed after the test. */
export async function storageOver(pool: PostgresPool, limits = roomy): Promise<PostgresStorage> {
  const storage = new PostgresStorage({ pool });
  await storage.open(limits);
  onTestFinished(() => storage.close());
  return storage;
}

/** A host over a database, with a pool of its own as a process of its own would have it. */
export function host(
  database: Database,
  options: Partial<OutboundEventsOptions<typeof catalog, PostgresTransaction>> = {},
  poolOptions: PoolConfig = {},
  storageOptions: Omit<PostgresStorageOptions, 'pool'> = {},
) {
  const pool = database.pool(poolOptions);
  pool.on('error', () => {});
  const storage = new PostgresStorage({ pool, ...storageOptions });
  const http = new ScriptedTransport();
  const outbound = new OutboundEvents<typeof catalog, PostgresTransaction>({
    events: catalog,
    storage,
    transports: { http },
    stopTimeout: '2s',
    ...options,
  });
  onTestFinished(async () => {
    await outbound.stop();
    if (!pool.ended) await pool.end();
  });
  return { outbound, pool, storage, http };
}

type Host = Pick<ReturnType<typeof host>, 'outbound'>;

/** Resolves with what was delivered, in order, once it is so much over all hosts. */
export function deliveries(hosts: readonly Host[], count: number): Promise<readonly LifecycleEvents['delivered'][]> {
  const delivered: LifecycleEvents['delivered'][] = [];
  const all = Promise.withResolvers<readonly LifecycleEvents['delivered'][]>();
  for (const { outbound } of hosts) {
    outbound.on('delivered', (delivery) => {
      delivered.push(delivery);
      if (delivered.length === count) all.resolve(delivered);
    });
  }
  return all.promise;
}

/** Resolves as soon as `isTrue` answers so; asked again and again, while everything else goes on. */
export async function until(isTrue: () => Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await new Promise((resolve) => setImmediate(resolve));
}
