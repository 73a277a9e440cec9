// A host under load for as long as its parent lives: it emits, changes its recipients, and tells now and then how much it takes.
import { readdirSync, statSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { OutboundEvents } from '../../src/index.ts';
import { SqliteStorage } from '../../src/sqlite.ts';
import { catalog, type LoadEvent, loadEvent, loadRecipients } from './load.ts';
import { SeededRandom } from './seeded-random.ts';

/** What the host takes at a moment. */
export interface SoakSample {
  readonly heapBytes: number;
  readonly residentBytes: number;
  /** Open files, sockets among them. */
  readonly files: number;
  /** What keeps the event loop alive: timers, sockets, threads. */
  readonly resources: number;
  readonly diskBytes: number;
  readonly queued: number;
  readonly emitted: number;
  readonly delivered: number;
  readonly failed: number;
  readonly dropped: number;
  readonly alerts: number;
}

const [folder = '', origin = '', seed = ''] = process.argv.slice(2);
const random = new SeededRandom(Number(seed));
const sampleMs = 5_000;
const count = { emitted: 0, delivered: 0, failed: 0, dropped: 0, alerts: 0 };
const recipients = loadRecipients(20).map((recipient) => ({
  ...recipient,
  url: `${origin}/${recipient.id}`,
  timeout: 1_000,
  retry: { interval: 500, duration: '2m' },
  alerts: { to: 'ops@example.com', after: '5s', resendEvery: '30s' },
}));
const outbound = new OutboundEvents({
  events: catalog,
  storage: new SqliteStorage({ file: `${folder}/events.db` }),
  allowedNetworks: ['loopback'],
  rememberEventIds: '1m',
  backlog: { deliveries: 20_000 },
  transports: {
    relay: { sendAlert: async () => ({ accepted: random.percent(90), relay: 'OK' }), probe: async () => 'OK' },
  },
});
outbound
  .on('delivered', () => {
    count.delivered += 1;
  })
  .on('retrying', () => {
    count.failed += 1;
  })
  .on('dropped', () => {
    count.dropped += 1;
  })
  .on('alert:sent', () => {
    count.alerts += 1;
  })
  .on('error', () => {});

function emit({ id, type, occurredAt, data }: LoadEvent): void {
  outbound.emit(type, data, { id, occurredAt }).then(
    () => {
      count.emitted += 1;
    },
    () => {},
  );
}

async function sample(): Promise<SoakSample> {
  globalThis.gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  const status = await outbound.status();
  return {
    heapBytes: heapUsed,
    residentBytes: rss,
    files: readdirSync('/proc/self/fd').length,
    resources: process.getActiveResourcesInfo().length,
    diskBytes: readdirSync(folder).reduce((sum, name) => sum + statSync(`${folder}/${name}`).size, 0),
    queued: status.recipients.reduce((sum, { queued }) => sum + queued, 0),
    ...count,
  };
}

async function load(): Promise<never> {
  for (let number = 1; ; ) {
    for (let left = random.between(1, 10); left > 0; left -= 1, number += 1) emit(loadEvent(number, random, 5));
    await wait(random.between(10, 100));
  }
}

async function change(): Promise<never> {
  for (;;) {
    await wait(random.between(500, 5_000));
    const recipient = recipients[random.between(0, 4)];
    if (recipient === undefined) continue;
    const { id } = recipient;
    if (random.percent(20)) {
      await outbound.removeRecipient(id, { backlog: 'drop' });
      await outbound.addHttpRecipient(recipient);
    } else {
      await outbound.updateRecipient(id, { enabled: false });
      await outbound.updateRecipient(id, { enabled: true });
    }
  }
}

for (const recipient of recipients) await outbound.addHttpRecipient(recipient);
await outbound.start();
setInterval(() => void sample().then((one) => process.send?.(one)), sampleMs);
process.on('disconnect', process.exit);
await Promise.all([load(), change()]);
