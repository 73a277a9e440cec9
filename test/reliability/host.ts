// A host application as a process of its own, to be killed. It does what its parent orders, and reports what happened.
import { flushCompileCache } from 'node:module';
import {
  type HttpRecipient,
  type LifecycleEvents,
  OutboundEvents,
  type Relay,
  type Transport,
} from '../../src/index.ts';
import type { Order, Report } from './host-messages.ts';
import { dieAt } from './kill-points.ts';
import { catalog, type LoadEvent } from './load.ts';
import { openStorage } from './open-storage.ts';
import { plantBug } from './planted-bugs.ts';

type Outbound = OutboundEvents<typeof catalog>;

let outbound: Outbound | undefined;
/** Orders may come before it has started. */
let started = Promise.resolve();

const relay: Relay = {
  sendAlert: async (mail) => {
    report({ kind: 'alert', mail });
    return { accepted: true, relay: 'OK' };
  },
  probe: async () => 'OK',
};

function report(message: Report): void {
  process.send?.(message);
}

function recorded({ recipientId, eventId, attempt }: LifecycleEvents['delivered' | 'retrying']): void {
  report({ kind: 'recorded', recipientId, eventId, attempt });
}

function trouble(error: unknown): void {
  report({ kind: 'trouble', what: String(error) });
}

async function start(order: Order & { kind: 'start' }): Promise<void> {
  const { storage, bug, dies, recipients, leaseDuration, mark } = order;
  const opened = await openStorage(storage);
  const planted = bug === null ? opened : plantBug(bug, opened);
  outbound = new OutboundEvents({
    events: catalog,
    storage: dies === undefined ? planted : dieAt(dies, planted),
    allowedNetworks: ['loopback'],
    leaseDuration,
    transports: {
      http: mark === undefined ? undefined : await markingTransport(mark),
      relay: dies === undefined ? relay : dieAt(dies, relay),
    },
  });
  outbound.on('error', trouble).on('delivered', recorded).on('retrying', recorded);
  report({ kind: 'starting' });
  for (const recipient of recipients) await outbound.addHttpRecipient(recipient);
  await outbound.start();
  report({ kind: 'started' });
  // Spares the next process the work. At its end, as usual, it would be too late.
  flushCompileCache();
}

/** Without one, the host has the transport that every host has. */
async function markingTransport(mark: string): Promise<Transport<HttpRecipient>> {
  const { MarkingTransport } = await import('./marking-transport.ts');
  return new MarkingTransport(mark);
}

function emit({ id, type, occurredAt, data }: LoadEvent): void {
  outbound?.emit(type, data, { id, occurredAt }).then(() => report({ kind: 'acknowledged', id }), trouble);
}

async function finish(): Promise<void> {
  await started;
  if (outbound === undefined) return;
  await drained(outbound);
  const dropped = await outbound.listDropped({ limit: 10_000 });
  await outbound.stop();
  const finished: Report = { kind: 'finished', dropped };
  // A long list takes its time: who disconnects before takes it back.
  await new Promise((resolve) => process.send?.(finished, undefined, undefined, resolve));
  // Now nothing may keep this process alive.
  process.off('disconnect', process.exit);
  process.disconnect();
}

/** Resolves once no delivery waits. */
async function drained(host: Outbound): Promise<void> {
  let settled = 0;
  let noticed = (): void => {};
  const notice = (): void => {
    settled += 1;
    noticed();
  };
  host.on('delivered', notice).on('dropped', notice);
  for (;;) {
    const before = settled;
    const waiting = await countWaiting(host);
    if (waiting === 0) return;
    await new Promise<void>((resolve) => {
      noticed = () => {
        // Half of them, as not every delivery that leaves need be told on its own.
        if (settled >= before + waiting / 2) resolve();
      };
      noticed();
    });
  }
}

async function countWaiting(host: Outbound): Promise<number> {
  const { recipients } = await host.status();
  return recipients.reduce((sum, { queued }) => sum + queued, 0);
}

process.on('message', (order: Order) => {
  switch (order.kind) {
    case 'start':
      started = start(order).catch(trouble);
      break;
    case 'emit':
      for (const event of order.events) emit(event);
      break;
    case 'finish':
      finish().catch(trouble);
      break;
  }
});
process.on('disconnect', process.exit);
