import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import got from 'got';
import { OutboundEvents, supportSessionEvents } from '../../src/index.ts';

const data = { lsid: 'a1', external_key: 'x'.repeat(1_000) };

/** Runs with the URL of a receiver in another process. */
export async function withReceiver<Result>(use: (url: string) => Promise<Result>): Promise<Result> {
  const receiver = fork(join(import.meta.dirname, 'receiver.ts'));
  const [port] = (await once(receiver, 'message')) as [number];
  try {
    return await use(`http://127.0.0.1:${port}/hook`);
  } finally {
    receiver.disconnect();
    await once(receiver, 'exit');
  }
}

/** Requests per second of a bare loop over the same HTTP client: the ceiling. */
export async function measureBareGot(url: string, inFlight: number, requests: number): Promise<number> {
  let left = requests;
  const begun = performance.now();
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (left > 0) {
        left -= 1;
        await got.post(url, {
          form: data,
          retry: { limit: 0 },
          followRedirect: false,
          throwHttpErrors: false,
          decompress: false,
        });
      }
    }),
  );
  return (requests / (performance.now() - begun)) * 1_000;
}

export interface DeliveryRates {
  /** Of what was stored before. */
  readonly drain: number;
  /** From emit to the recording of the success. */
  readonly endToEnd: number;
}

/** Deliveries per second, ordered, every success recorded durably. */
export async function measureDelivery(url: string, recipients: number, deliveries: number): Promise<DeliveryRates> {
  const drain = await run(url, recipients, deliveries, 'emit first');
  const endToEnd = await run(url, recipients, deliveries, 'start first');
  return { drain, endToEnd };
}

async function run(
  url: string,
  recipients: number,
  deliveries: number,
  order: 'emit first' | 'start first',
): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), 'outbound-events-bench-'));
  const outbound = new OutboundEvents({
    events: supportSessionEvents,
    storage: join(directory, 'queue.db'),
    allowedNetworks: 'loopback',
  });
  try {
    for (let index = 0; index < recipients; index += 1) {
      await outbound.addHttpRecipient({ name: `recipient ${index}`, url, events: '*' });
    }
    const done = Promise.withResolvers<void>();
    let delivered = 0;
    outbound.on('delivered', () => {
      delivered += 1;
      if (delivered === deliveries) done.resolve();
    });
    const emitAll = async (): Promise<void> => {
      let left = deliveries / recipients;
      await Promise.all(
        Array.from({ length: 16 }, async () => {
          while (left > 0) {
            left -= 1;
            await outbound.emit('support_conference_end', data);
          }
        }),
      );
    };
    if (order === 'emit first') await emitAll();
    const begun = performance.now();
    await outbound.start();
    if (order === 'start first') await emitAll();
    await done.promise;
    return (deliveries / (performance.now() - begun)) * 1_000;
  } finally {
    await outbound.stop();
    await rm(directory, { recursive: true });
  }
}
