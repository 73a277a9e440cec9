import { join } from 'node:path';
import { defineEvents, event, OutboundEvents } from 'outbound-events';
import type { PostgresStorage } from 'outbound-events/postgres';
import type { Contestant, Setup } from '../contestant.ts';

// What one of them does not need it does not load: it would be counted as its memory, and as time that it takes to start.

/** Outbound Events as a contestant, with a type of event for each recipient. */
async function enterOutboundEvents(setup: Setup, storage: string | PostgresStorage): Promise<Contestant> {
  const types = Array.from({ length: setup.recipients }, (_, index) => `type_${index}`);
  const outbound = new OutboundEvents({
    events: defineEvents(Object.fromEntries(types.map((type) => [type, event<Setup['data']>()]))),
    storage,
    allowedNetworks: 'loopback',
    concurrency: setup.concurrency,
    transports: setup.client === 'undici' ? { http: await undiciTransport() } : {},
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

async function undiciTransport() {
  const { UndiciTransport } = await import('outbound-events/undici');
  return new UndiciTransport({ allowedNetworks: 'loopback' });
}

export function enterOnSqlite(setup: Setup): Promise<Contestant> {
  return enterOutboundEvents(setup, join(setup.storage, 'queue.db'));
}

export async function enterOnPostgres(setup: Setup): Promise<Contestant> {
  const [{ Pool }, { PostgresStorage }] = await Promise.all([import('pg'), import('outbound-events/postgres')]);
  const pool = new Pool({ connectionString: setup.storage });
  const contestant = await enterOutboundEvents(setup, new PostgresStorage({ pool }));
  return { ...contestant, stop: () => contestant.stop().then(() => pool.end()) };
}
