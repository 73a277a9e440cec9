// As many workers as there may be requests, since each does one job at a time. Jobs of one millisecond are in no order.
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { better, defineQueue, defineWorker } from 'plainjob';
import { poster } from './post.mjs';

const silent = { error: console.error, warn: () => {}, info: () => {}, debug: () => {} };

export default async function enter(setup) {
  const { storage, data, concurrency } = setup;
  const post = await poster(setup);
  const connection = better(new Database(join(storage, 'jobs.db')));
  const queue = defineQueue({ connection, logger: silent });
  // It sets NORMAL itself, with which a power cut takes back what was added.
  connection.pragma('synchronous = FULL');
  let workers = [];
  let running = [];
  return {
    emit: async (recipient) => {
      // It works in the host's thread, where calls come in turns of the event loop, and answers are read between them.
      await setImmediate();
      queue.add('send', { recipient, data });
    },
    start: async (delivered) => {
      const send = (job) => post(JSON.parse(job.data).data);
      const options = { queue, logger: silent, pollIntervall: 10, onCompleted: () => delivered() };
      workers = Array.from({ length: concurrency }, () => defineWorker('send', send, options));
      running = workers.map((worker) => worker.start());
    },
    stop: async () => {
      await Promise.all(workers.map((worker) => worker.stop()));
      await Promise.all(running);
      queue.close();
    },
  };
}
