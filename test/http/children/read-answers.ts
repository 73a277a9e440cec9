// Makes attempts at the URLs given, round after round, and says how they ended and how far its memory grew meanwhile.

import { attemptAt, httpRecipient } from '../../../src/testing.ts';
import { HttpTransport } from '../transport.ts';

const [rounds = '', ...urls] = process.argv.slice(2);
const transport = new HttpTransport({ allowedNetworks: ['loopback'] });
const { signal } = new AbortController();
const ends = new Set<string>();
let highest = 0;

async function attempt(url: string): Promise<void> {
  const result = await transport.send(attemptAt(httpRecipient({ url })), { signal });
  ends.add(`${new URL(url).pathname} ${result.outcome === 'delivered' ? 'delivered' : result.error.code}`);
  highest = Math.max(highest, process.memoryUsage.rss());
}

/** The least memory that was in use between two rounds. */
async function run(): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < Number(rounds); round += 1) {
    await Promise.all(urls.map(attempt));
    globalThis.gc?.();
    least = Math.min(least, process.memoryUsage.rss());
  }
  return least;
}

// Code is compiled and the heap takes its usual size first.
await run();
const before = await run();
const grown = (await run()) - before;
await transport.close();
process.stdout.write(JSON.stringify({ ends: [...ends].toSorted(), grown, peak: highest - before }));
