// How long the storage takes to find what is next in a queue, asked and answered as the dispatcher does it.
import { answerWith } from '../apart.ts';
import { quantile } from '../statistics.ts';
import { limits, openStorage } from '../storage.ts';

export interface HeadPlan {
  readonly storage: string;
}

const asked = 2_000;

/** Resolves with the middle one of many times, ms. */
answerWith(async ({ storage: place }: HeadPlan): Promise<number> => {
  const storage = await openStorage(place);
  await storage.open(limits);
  const now = (await storage.time()) ?? Date.now();
  const leases = await storage.claim({ holder: 'bench', limit: 20, now, expiresAt: now + 600_000 });
  const took: number[] = [];
  for (let number = 0; number < asked; number += 1) {
    const lease = leases[number % leases.length];
    if (lease === undefined) break;
    const called = performance.now();
    const head = await storage.read(lease, 1, 1_000_000);
    took.push(performance.now() - called);
    if (head.length !== 1) throw new Error(`${lease.recipientId} has nothing waiting`);
  }
  await storage.release(leases);
  await storage.close();
  // The first ones compile it.
  return quantile(
    took.slice(asked / 2).sort((a, b) => a - b),
    0.5,
  );
});
