import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { quantile } from '../support/quantile.ts';
import { host, ownDatabase } from './hosts.ts';

// Measures, so it is in `npm run test:long` only (about 4 minutes): what a transaction of the host that stays open costs
// others who emit to the same recipient. ROUNDS and OPEN_MS say how often, and for how long it is open.
const rounds = Number(process.env.ROUNDS ?? 10);
const openMs = Number(process.env.OPEN_MS ?? 5_000);
const callers = 4;

test('emits to one recipient take as long while a transaction of the host is open as they do otherwise', {
  timeout: rounds * openMs * 10,
}, async () => {
  const database = await ownDatabase();
  const [emitting, opening] = [host(database), host(database)];
  await emitting.outbound.addHttpRecipient({ id: 'crm', name: 'CRM', url: 'https://crm.example.com/', events: '*' });
  await emitting.outbound.start();
  const client = await opening.pool.connect();
  let order = 0;

  /** How long emits took, ms. */
  async function load(): Promise<readonly number[]> {
    const took: number[] = [];
    const end = performance.now() + openMs;
    const call = async (): Promise<void> => {
      while (performance.now() < end) {
        const calledAt = performance.now();
        order += 1;
        await emitting.outbound.emit('order.paid', { order });
        took.push(performance.now() - calledAt);
      }
    };
    await Promise.all(Array.from({ length: callers }, call));
    return took;
  }

  async function loadWhileOpen(): Promise<readonly number[]> {
    await client.query('BEGIN');
    order += 1;
    await opening.outbound.emit('order.paid', { order }, { transaction: client });
    const took = await load();
    await client.query('COMMIT');
    return took;
  }

  await load();
  const figures: { readonly without: number; readonly with: number }[] = [];
  const all = { without: [] as number[], with: [] as number[] };
  for (let round = 0; round < rounds; round += 1) {
    const first = round % 2 === 0 ? await load() : await loadWhileOpen();
    const second = round % 2 === 0 ? await loadWhileOpen() : await load();
    const [without, open] = round % 2 === 0 ? [first, second] : [second, first];
    figures.push({ without: quantile(without, 0.99), with: quantile(open, 0.99) });
    all.without.push(...without);
    all.with.push(...open);
    // What waits is delivered before the next round.
    while ((await emitting.outbound.status()).recipients[0]?.queued !== 0) await wait(50);
  }
  client.release();

  console.table(
    figures.map((one) => ({
      'p99 without, ms': one.without.toFixed(1),
      'p99 with, ms': one.with.toFixed(1),
      ratio: (one.with / one.without).toFixed(2),
    })),
  );
  const ratio = quantile(all.with, 0.99) / quantile(all.without, 0.99);
  const medianRatio = quantile(
    figures.map((one) => one.with / one.without),
    0.5,
  );
  console.log(
    `p99 of ${all.without.length + all.with.length} emits, with an open transaction / without: ${ratio.toFixed(2)}, median of ${rounds} rounds ${medianRatio.toFixed(2)}`,
  );
  expect(emitting.http.attempts.map(({ sequence }) => sequence)).toEqual(
    Array.from({ length: order }, (_, index) => index + 1),
  );
});
