import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { OutboundEvents, supportSessionEvents } from '../../src/index.ts';

export interface EmitFigures {
  readonly callers: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** CPU time of the host's thread for each emit. */
  readonly loopMsPerEmit: number;
  readonly loopDelayP99Ms: number;
}

const data = { lsid: 'a1', external_key: 'x'.repeat(1_000) };

/** Durable emits of events of 1 KB for one recipient, by so many callers that each wait for their own. */
export async function measureEmit(callers: number, seconds: number): Promise<EmitFigures> {
  const directory = await mkdtemp(join(tmpdir(), 'outbound-events-bench-'));
  const outbound = new OutboundEvents({
    events: supportSessionEvents,
    storage: join(directory, 'queue.db'),
    allowedNetworks: 'loopback',
  });
  try {
    await outbound.addHttpRecipient({ name: 'CRM', url: 'http://127.0.0.1:9/', events: '*' });
    const delays = monitorEventLoopDelay({ resolution: 1 });
    const took: number[] = [];
    const end = performance.now() + seconds * 1_000;
    const begun = performance.now();
    const before = performance.eventLoopUtilization();
    delays.enable();
    await Promise.all(
      Array.from({ length: callers }, async () => {
        while (performance.now() < end) {
          const called = performance.now();
          await outbound.emit('support_conference_end', data);
          took.push(performance.now() - called);
        }
      }),
    );
    delays.disable();
    const { active } = performance.eventLoopUtilization(before);
    took.sort((a, b) => a - b);
    const at = (share: number): number => took[Math.floor(took.length * share)] ?? 0;
    return {
      callers,
      perSecond: (took.length / (performance.now() - begun)) * 1_000,
      p50Ms: at(0.5),
      p99Ms: at(0.99),
      loopMsPerEmit: active / took.length,
      loopDelayP99Ms: delays.percentile(99) / 1e6,
    };
  } finally {
    await outbound.stop();
    await rm(directory, { recursive: true });
  }
}
