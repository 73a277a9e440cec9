import { join } from 'node:path';
import { Pool } from 'pg';
import { defineEvents, event, OutboundEvents } from '../../src/index.ts';
import { PostgresStorage } from '../../src/postgres.ts';
import type { Contestant, Setup } from './contestant.ts';

/** Outbound Events as a contestant, with a type of event for each recipient. */
export async function enterOutboundEvents(setup: Setup, storage: string | PostgresStorage): Promise<Contestant> {
  const types = Array.from({ length: setup.recipients }, (_, index) => `type_${index}`);
  const outbound = new OutboundEvents({
    events: defineEvents(Object.fromEntries(types.map((type) => [type, event<Setup['data']>()]))),
    storage,
    allowedNetworks: 'loopback',
    concurrency: setup.concurrency,
  });
  outbound.on('error', (error) => console.error(error));
  for (const type of types) await outbound.addHttpRecipient({ name: type, url: setup.url, events: [type] });
  return {
    emit: async (recipient) => {
      await outbound.emit(types[recipient] as string, setup.data);
    },
    start: async (delivered) => {
      outbound.on('delivered', delivered);
      await outbound.start();
    },
    stop: () => outbound.stop(),
  };
}

export function enterOnSqlite(setup: Setup): Promise<Contestant> {
  return enterOutboundEvents(setup, join(setup.directory, 'queue.db'));
}

export async function enterOnPostgres(setup: Setup): Promise<Contestant> {
  const pool = new Pool(setup.database);
  const contestant = await enterOutboundEvents(setup, new PostgresStorage({ pool }));
  return { ...contestant, stop: () => contestant.stop().then(() => pool.end()) };
}
