// What a backlog costs: a storage is filled with that many deliveries, and its head is worked on.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SendResult } from '../../src/core/transport.ts';
import { OutboundEvents, supportSessionEvents } from '../../src/index.ts';
import { httpRecipient } from '../../src/testing.ts';
import { type HostStorage, openStorage } from '../reliability/open-storage.ts';
import { withPostgres } from './servers.ts';

export interface BacklogFigures {
  readonly storage: string;
  readonly deliveries: number;
  readonly startMs: number;
  readonly firstAttemptMs: number;
  readonly perDeliveryMs: number;
  readonly rssMb: number;
}

const recipients = 20;
const worked = 4_000;
const data = JSON.stringify({ lsid: 'a1', external_key: 'x'.repeat(1_000) });
const limits = { maxDeliveries: 10_000_000, maxBytes: 100 * 1024 ** 3 };

/** Figures of processes of their own that find so many deliveries waiting, in each storage. */
export async function measureBacklogs(sizes: readonly number[]): Promise<readonly BacklogFigures[]> {
  const figures: BacklogFigures[] = [];
  for (const deliveries of sizes) {
    const directory = await mkdtemp(join(tmpdir(), 'outbound-events-bench-'));
    try {
      figures.push(await measure({ file: join(directory, 'queue.db') }, deliveries));
    } finally {
      await rm(directory, { recursive: true });
    }
  }
  await withPostgres(async (withDatabase) => {
    for (const deliveries of sizes) {
      figures.push(await withDatabase((database) => measure({ database }, deliveries)));
    }
  });
  return figures;
}

async function measure(storage: HostStorage, deliveries: number): Promise<BacklogFigures> {
  await fill(storage, deliveries);
  const child: ChildProcess = fork(import.meta.filename, [JSON.stringify(storage), String(deliveries)]);
  const [figures] = (await once(child, 'message')) as [BacklogFigures];
  await once(child, 'exit');
  return figures;
}

async function fill(where: HostStorage, deliveries: number): Promise<void> {
  const storage = await openStorage(where);
  await storage.open(limits);
  const ids = Array.from({ length: recipients }, (_, index) => `recipient-${index}`);
  for (const id of ids) await storage.saveRecipient({ id, settings: JSON.stringify(httpRecipient({ id })) });
  const acceptedAt = Date.now();
  for (let first = 0; first < deliveries; first += 1_000) {
    const entries = Array.from({ length: Math.min(1_000, deliveries - first) }, (_, index) => ({
      event: {
        id: `event-${first + index}`,
        type: 'support_conference_end',
        version: '1',
        occurredAt: acceptedAt,
        acceptedAt,
        data,
      },
      recipientIds: [ids[(first + index) % recipients] as string],
    }));
    await storage.append(entries, { forgetBefore: 0 });
  }
  await storage.close();
}

/** In the child: from nothing to `worked` deliveries done, with a transport that costs nothing. */
async function work(storage: HostStorage, deliveries: number): Promise<BacklogFigures> {
  const begun = performance.now();
  let attempts = 0;
  let firstAttemptMs = 0;
  const done = Promise.withResolvers<void>();
  const target = Math.min(worked, deliveries);
  const http = {
    check: () => {},
    close: async () => {},
    send: async (): Promise<SendResult> => {
      if (attempts === 0) firstAttemptMs = performance.now() - begun;
      attempts += 1;
      if (attempts === target) done.resolve();
      return { outcome: 'delivered' };
    },
  };
  const outbound = new OutboundEvents({
    events: supportSessionEvents,
    storage: await openStorage(storage),
    transports: { http },
    backlog: { deliveries: limits.maxDeliveries, bytes: limits.maxBytes },
  });
  await outbound.start();
  const startMs = performance.now() - begun;
  await done.promise;
  const perDeliveryMs = (performance.now() - begun - firstAttemptMs) / target;
  const rssMb = process.memoryUsage.rss() / 1e6;
  await outbound.stop();
  return {
    storage: 'file' in storage ? 'SQLite' : 'PostgreSQL',
    deliveries,
    startMs,
    firstAttemptMs,
    perDeliveryMs,
    rssMb,
  };
}

const [storage, deliveries] = process.argv.slice(2);
if (process.send !== undefined && storage !== undefined)
  process.send(await work(JSON.parse(storage), Number(deliveries)));
