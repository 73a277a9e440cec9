// As fast as its settings make it, and in no order: one batch after the other, fetched at once while they are full. Not woken
// by NOTIFY, with which its commits wait for each other: it finds what comes after a pause half a second late, and stores
// three times as much.
import { PgBoss } from 'pg-boss';
import { poster } from './post.mjs';

export default async function enter(setup) {
  const { storage, data, concurrency } = setup;
  const post = await poster(setup);
  const boss = new PgBoss({ connectionString: storage, max: 20 });
  boss.on('error', (error) => console.error(error));
  await boss.start();
  await boss.createQueue('events');
  return {
    emit: async (recipient) => {
      await boss.send('events', { recipient, data });
    },
    start: async (delivered) => {
      const options = {
        batchSize: concurrency,
        pollingIntervalSeconds: 0.5,
        burstWhenBatchFull: true,
        perJobResults: true,
      };
      await boss.work('events', options, (jobs) =>
        Promise.all(
          jobs.map(async (job) => {
            await post(job.data.data);
            delivered();
            return { id: job.id, status: 'completed' };
          }),
        ),
      );
    },
    stop: () => boss.stop(),
  };
}
