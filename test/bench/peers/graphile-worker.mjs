// Its ordered mode: a named queue for each recipient.
import { Logger, makeWorkerUtils, run } from 'graphile-worker';
import { Pool } from 'pg';
import { poster } from './post.mjs';

const logger = new Logger(() => () => {});

export default async function enter(setup) {
  const { storage, data, concurrency, settings } = setup;
  const post = await poster(setup);
  const pool = new Pool({ connectionString: storage, max: concurrency + 2 });
  pool.on('error', (error) => console.error(error));
  pool.on('connect', (client) => client.on('error', () => {}));
  const utils = await makeWorkerUtils({ pgPool: pool, logger });
  await utils.migrate();
  let runner;
  return {
    emit: async (recipient) => {
      await utils.addJob('send', { data }, { queueName: `recipient ${recipient}` });
    },
    start: async (delivered) => {
      const send = async (payload) => {
        await post(payload.data);
        delivered();
      };
      runner = await run({
        pgPool: pool,
        taskList: { send },
        noHandleSignals: true,
        preset: {
          worker: {
            concurrentJobs: concurrency,
            pollInterval: 10,
            logger,
            ...settings,
          },
        },
      });
    },
    stop: async () => {
      await runner?.stop();
      await utils.release();
      await pool.end();
    },
  };
}
