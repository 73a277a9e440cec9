import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { quantile } from '../support/quantile.ts';
import { SeededRandom } from './seeded-random.ts';
import type { SoakSample } from './soak-host.ts';

// An hour of faults; MINUTES=… makes it another time.
const minutes = Number(process.env.MINUTES ?? 60);
const seed = Number(process.env.SEED ?? 1);

/** Receivers that answer well, badly, late or never, and are away for a while now and then. */
async function startReceivers(): Promise<string> {
  const random = new SeededRandom(seed);
  const awayUntil = new Map<string, number>();
  const server = createServer((request, response) => {
    const { url = '' } = request;
    request.resume();
    request.on('error', () => {});
    const now = performance.now();
    if (random.fraction() < 0.000_5) awayUntil.set(url, now + random.between(1_000, 200_000));
    if ((awayUntil.get(url) ?? 0) > now) {
      if (random.percent(50)) request.destroy();
      else response.writeHead(503).end();
      return;
    }
    const dice = random.between(1, 1_000);
    if (dice <= 5) request.socket.resetAndDestroy();
    else if (dice <= 15) response.writeHead(500).end('x'.repeat(random.between(0, 100_000)));
    else if (dice <= 17) response.writeHead(429, { 'retry-after': '1' }).end();
    else if (dice > 18) setTimeout(() => response.end(), random.between(0, 20));
    // Otherwise it never answers.
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('an hour of faults under load leaves memory, handles and files as they were', {
  timeout: (minutes + 5) * 60_000,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'outbound-events-'));
  const origin = await startReceivers();
  const program = fileURLToPath(new URL('./soak-host.ts', import.meta.url));
  const host = fork(program, [folder, origin, String(seed)], { execArgv: ['--expose-gc'] });
  onTestFinished(async () => {
    host.kill();
    await rm(folder, { recursive: true, force: true });
  });
  const samples: SoakSample[] = [];
  host.on('message', (sample: SoakSample) => samples.push(sample));
  const ended = await Promise.race([wait(minutes * 60_000), once(host, 'exit')]);
  expect(ended, 'the host ended by itself').toBeUndefined();

  // The first sixth fills what is to be filled.
  const [early, late] = [samples.slice(samples.length / 6, samples.length / 2), samples.slice(samples.length / 2)];
  const figures = (['heapBytes', 'residentBytes', 'files', 'resources', 'diskBytes'] as const).map((name) => {
    const of = (some: readonly SoakSample[], share: number): number =>
      quantile(
        some.map((one) => one[name]),
        share,
      );
    return { name, early: of(early, 0.5), late: of(late, 0.5), earlyMost: of(early, 1), lateMost: of(late, 1) };
  });
  console.table(figures);
  console.log(`SEED=${seed}: ${minutes} minutes`, samples.at(-1));
  for (const { name, early, late } of figures) expect(late, name).toBeLessThan(early * 1.15 + 1);
  const last = samples.at(-1);
  for (const what of ['delivered', 'failed', 'dropped', 'alerts'] as const) expect(last?.[what]).toBeGreaterThan(0);
});
