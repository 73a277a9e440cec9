import { expect, test } from 'vitest';
import { SeededRandom } from '../reliability/seeded-random.ts';
import { deliveries, host, ownDatabase } from './hosts.ts';

// `npm run test:long` makes 100,000 events (about 5 minutes), EVENTS as many as you like.
const isLong = process.env.TEST_LENGTH === 'long';
const writers = 8;
const perWriter = Math.ceil(Number(process.env.EVENTS ?? (isLong ? 100_000 : 800)) / writers);

test('F69: 8 processes commit at random moments: nothing is lost, and each keeps the order of its calls', {
  timeout: isLong ? 60 * 60_000 : 60_000,
}, async () => {
  const database = await ownDatabase();
  const hosts = Array.from({ length: writers }, () => host(database, {}, { max: 4 }));
  const reader = host(database);
  await reader.outbound.addHttpRecipient({ id: 'crm', name: 'CRM', url: 'https://crm.example.com/', events: '*' });
  const done = deliveries([reader], writers * perWriter);
  await reader.outbound.start();
  const begunAt = performance.now();
  await Promise.all(
    hosts.map(async ({ outbound, pool }, writer) => {
      const chance = new SeededRandom(writer + 1);
      const client = await pool.connect();
      try {
        for (let number = 0; number < perWriter; number += 1) {
          const order = number * writers + writer;
          if (chance.fraction() < 0.3) {
            await outbound.emit('order.paid', { order });
            continue;
          }
          await client.query('BEGIN');
          await outbound.emit('order.paid', { order }, { transaction: client });
          await client.query('SELECT pg_sleep($1)', [chance.fraction() / 100]);
          await client.query('COMMIT');
        }
      } finally {
        client.release();
      }
    }),
  );
  await done;
  const seconds = (performance.now() - begunAt) / 1_000;
  console.log(
    `${writers * perWriter} events in ${Math.round(seconds)} s: ${Math.round((writers * perWriter) / seconds)}/s`,
  );
  const { attempts } = reader.http;
  expect(attempts.map(({ sequence }) => sequence)).toEqual(attempts.map((_, index) => index + 1));
  const orders = attempts.map(({ data }) => (data as { order: number }).order);
  for (let writer = 0; writer < writers; writer += 1) {
    const own = orders.filter((order) => order % writers === writer);
    expect(own).toEqual(Array.from({ length: perWriter }, (_, number) => number * writers + writer));
  }
});
