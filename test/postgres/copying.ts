import { copyFile } from 'node:fs/promises';
import type { Pool } from 'pg';
import { onTestFinished } from 'vitest';
import type { OutboundEventsOptions } from '../../src/core/options.ts';
import type { QueueStorage } from '../../src/core/storage.ts';
import { OutboundEvents } from '../../src/outbound-events.ts';
import { PostgresStorage } from '../../src/postgres.ts';
import { SqliteStorage } from '../../src/sqlite.ts';
import { failed, RecordingRelay, rejected, ScriptedTransport } from '../../src/testing.ts';
import { catalog } from '../dispatch/harness.ts';
import { newFile, roomy } from '../sqlite/storages.ts';
import type { Database } from './database.ts';
import { until } from './hosts.ts';

/** A host over any storage, without network. */
export function hostOver<Transaction>(
  storage: QueueStorage<Transaction>,
  options: Partial<OutboundEventsOptions<typeof catalog, Transaction>> = {},
) {
  const transports = { http: new ScriptedTransport(), email: new ScriptedTransport(), relay: new RecordingRelay() };
  const outbound = new OutboundEvents<typeof catalog, Transaction>({
    events: catalog,
    storage,
    transports,
    stopTimeout: '1s',
    ...options,
  });
  onTestFinished(() => outbound.stop());
  return { outbound, ...transports };
}

const url = 'https://example.com/';
const hourly = { interval: '1h', duration: '3d' } as const;
const alerts = { to: 'ops@example.com', after: '15m', resendEvery: '4h' } as const;
const mail = { subject: 'Order {{order}}', text: 'Paid: {{order}}' };
const waits = { enabled: false, whileDisabled: 'queue' } as const;

/**
 * The file of a host that has stopped. Of 30 orders `crm`, which gets all events, and `team`, which gets mails, have 20
 * behind them; `down` fails; `off` is disabled and queues. `idle` got what another event brought it. `gone` was removed
 * with 20 orders.
 */
export async function fileOfHost(secretKey: string): Promise<string> {
  const file = await newFile();
  const { outbound, http, email } = hostOver(new SqliteStorage({ file }), { secretKey });
  await outbound.addHttpRecipient({ id: 'gone', name: 'Gone', url, events: ['order.paid'], ...waits });
  await outbound.addHttpRecipient({ id: 'crm', name: 'CRM', url, events: '*', headers: { 'x-token': 's3cr3t' } });
  await outbound.addHttpRecipient({ id: 'down', name: 'Down', url, events: ['order.*'], retry: hourly, alerts });
  await outbound.addHttpRecipient({ id: 'off', name: 'Off', url, events: ['order.paid'], ...waits });
  await outbound.addEmailRecipient({ id: 'team', name: 'Team', to: 'a@example.com', events: { 'order.paid': mail } });
  await outbound.addHttpRecipient({ id: 'idle', name: 'Idle', url, events: ['user.joined'] });
  http.answerWith('down', () => failed(503, 'answered 503; only 200 counts'));
  email.answer('team', rejected());
  await outbound.start();
  await emitOrders(outbound, 1, 20);
  await outbound.emit('user.joined', { name: 'Ömer 😀' }, { id: 'joined' });
  await until(async () => {
    const { recipients } = await outbound.status();
    const busy = recipients.filter(({ id, queued }) => queued > 0 && ['crm', 'team', 'idle'].includes(id));
    return busy.length === 0 && recipients.some(({ state }) => state === 'failing');
  });
  await outbound.removeRecipient('gone', { backlog: 'drop' });
  http.hold('crm');
  email.hold('team');
  await emitOrders(outbound, 21, 30);
  await outbound.stop();
  return file;
}

/** Emits orders with these numbers, in their order. */
async function emitOrders(
  outbound: Pick<OutboundEvents<typeof catalog>, 'emit'>,
  first: number,
  last: number,
): Promise<void> {
  const orders = Array.from({ length: last - first + 1 }, (_, index) => first + index);
  await Promise.all(orders.map((order) => outbound.emit('order.paid', { order }, { id: `order-${order}` })));
}

/** All that a storage holds, as a host can see it. Claims what it reads. */
async function contentOf<Transaction>(storage: QueueStorage<Transaction>) {
  await storage.open(roomy);
  const times = { now: Date.now(), expiresAt: Date.now() + 60_000 };
  const leases = await storage.claim({ holder: 'test', limit: 1_000, ...times });
  const queues = await Promise.all(leases.map((lease) => storage.read(lease, 1_000_000, 1e9)));
  const content = {
    recipients: await storage.listRecipients(),
    stats: await storage.stats(),
    states: leases.map(({ recipientId, state }) => ({ recipientId, state })),
    queues,
    dropped: await storage.listDropped({ limit: 10_000 }),
  };
  await storage.release(leases);
  await storage.close();
  return { content, fences: leases.map(({ fence }) => fence) };
}

/** Of a file, without changing it. */
export async function contentOfFile(file: string) {
  await copyFile(file, `${file}-copy`);
  return contentOf(new SqliteStorage({ file: `${file}-copy` }));
}

export async function contentOfDatabase(database: Database) {
  return contentOf(new PostgresStorage({ pool: poolOf(database) }));
}

/** How many rows each table of the schema holds, but for those that are never empty. */
export async function rowsIn(database: Database): Promise<Readonly<Record<string, number>>> {
  const tables = ['recipients', 'tails', 'queues', 'events', 'payloads', 'deliveries', 'shares', 'dropped'];
  const counts = tables.map((table) => `(SELECT count(*)::int FROM outbound_events.${table}) AS ${table}`);
  const pool = database.pool({ max: 1 });
  const { rows } = await pool.query(`SELECT ${counts.join()}`);
  await pool.end();
  return rows[0];
}

/** A pool as a host makes it. */
export function poolOf(database: Database): Pool {
  const pool = database.pool({ max: 3 });
  pool.on('error', () => {});
  return pool;
}
