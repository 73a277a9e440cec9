// As fast as its settings make it, and in no order: batches, fetched anew at once while they are full, woken by NOTIFY.
import { PgBoss } from 'pg-boss';
import { poster } from './post.mjs';

export default async function enter(setup) {
  const { storage, data, concurrency } = setup;
  const post = await poster(setup);
  const boss = new PgBoss({ connectionString: storage, max: 10, useListenNotify: true });
  boss.on('error', (error) => console.error(error));
  await boss.start();
  await boss.createQueue('events', { notify: true });
  return {
    emit: async (recipient) => {
      await boss.send('events', { recipient, data });
    },
    start: async (delivered) => {
      const workers = 4;
      const options = {
        batchSize: concurrency / workers,
        localConcurrency: workers,
        pollingIntervalSeconds: 0.5,
        notifyPollingIntervalSeconds: 0.5,
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
