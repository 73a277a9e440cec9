// One worker with as many jobs under way as there may be. It starts them in order, and lets one overtake the other.
import { Queue, Worker } from 'bullmq';
import { poster } from './post.mjs';

export default async function enter(setup) {
  const { data, concurrency } = setup;
  const post = await poster(setup);
  const connection = { url: setup.storage };
  // As outbound-events, it keeps nothing of what is done.
  const queue = new Queue('events', { connection, defaultJobOptions: { removeOnComplete: true } });
  queue.on('error', (error) => console.error(error));
  await queue.waitUntilReady();
  let worker;
  return {
    emit: async (recipient) => {
      await queue.add('send', { recipient, data });
    },
    start: async (delivered) => {
      worker = new Worker('events', async (job) => void (await post(job.data.data)), {
        connection: { ...connection, maxRetriesPerRequest: null },
        concurrency,
      });
      worker.on('error', (error) => console.error(error));
      worker.on('failed', (_job, error) => console.error(error));
      worker.on('completed', () => delivered());
      await worker.waitUntilReady();
    },
    stop: async () => {
      await worker?.close();
      await queue.close();
    },
  };
}
