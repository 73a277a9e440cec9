// From nothing to so many deliveries done of a backlog, with a transport that costs nothing.
import { setTimeout as sleep } from 'node:timers/promises';
import type { SendResult } from '../../../src/core/transport.ts';
import { answerWith } from '../apart.ts';

export interface WorkPlan {
  /** Where the backlog is; `null` for a bare loop without any. */
  readonly storage: string | null;
  /** Deliveries that are not counted, while code is compiled and caches are filled. */
  readonly warmUp: number;
  readonly deliveries: number;
  /** How long it is watched with nothing to do, if it is. */
  readonly idleMs: number;
}

export interface WorkFigures {
  readonly startMs: number;
  readonly firstAttemptMs: number;
  readonly perDeliveryMs: number;
  /** CPU time of the process for each delivery. */
  readonly cpuMsPerDelivery: number;
  /** The most memory that the process ever had. */
  readonly rssMb: number;
  /** CPU time of the process in each second with nothing to do. */
  readonly idleCpuMsPerSecond: number | null;
}

type Send = () => Promise<SendResult>;

answerWith(measure);

async function measure({ storage, warmUp, deliveries, idleMs }: WorkPlan): Promise<WorkFigures> {
  const begun = performance.now();
  let firstAttemptMs = 0;
  let cpu = process.cpuUsage();
  let warm = 0;
  let attempts = 0;
  const done = Promise.withResolvers<void>();
  const send: Send = async () => {
    if (attempts === 0) firstAttemptMs = performance.now() - begun;
    if (attempts === warmUp) {
      warm = performance.now();
      cpu = process.cpuUsage();
    }
    attempts += 1;
    if (attempts === warmUp + deliveries) done.resolve();
    return { outcome: 'delivered' };
  };
  const working = storage === null ? await startLoop(send, warmUp + deliveries) : await startPackage(send, storage);
  const startMs = performance.now() - begun;
  await done.promise;
  const perDeliveryMs = (performance.now() - warm) / deliveries;
  const cpuMsPerDelivery = cpuMsSince(cpu) / deliveries;
  const idleCpuMsPerSecond = idleMs === 0 ? null : await watchIdle(idleMs);
  await working.stop();
  const rssMb = process.resourceUsage().maxRSS / 1_000;
  return { startMs, firstAttemptMs, perDeliveryMs, cpuMsPerDelivery, rssMb, idleCpuMsPerSecond };
}

/** Loads the package only here: the bare loop is not to have it in its memory. */
async function startPackage(send: Send, storage: string): Promise<{ stop(): Promise<void> }> {
  const { OutboundEvents, supportSessionEvents } = await import('outbound-events');
  const { limits, openStorage } = await import('../storage.ts');
  const outbound = new OutboundEvents({
    events: supportSessionEvents,
    storage: await openStorage(storage),
    transports: { http: { check: () => {}, close: async () => {}, send } },
    backlog: { deliveries: limits.maxDeliveries, bytes: limits.maxBytes },
  });
  outbound.on('error', (error) => console.error(error));
  await outbound.start();
  return outbound;
}

async function startLoop(send: Send, deliveries: number): Promise<{ stop(): Promise<void> }> {
  for (let sent = 0; sent < deliveries; sent += 1) await send();
  return { stop: async () => {} };
}

async function watchIdle(ms: number): Promise<number> {
  // The last of them are still being recorded.
  await sleep(500);
  const cpu = process.cpuUsage();
  await sleep(ms);
  return (cpuMsSince(cpu) / ms) * 1_000;
}

function cpuMsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}
