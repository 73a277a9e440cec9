// What durable emits through node:sqlite cost at the least: a thread that inserts a row for each, and commits those together
// that came while it was committing, as many at a time as outbound-events does. No checks, no ids, no second recipient. Or the
// same with the rows of outbound-events, which hold what recognises repeated ids, damage, and what waits for several.
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Contestant, Setup } from '../contestant.ts';
import type { RawData, Row } from './raw-sqlite-worker.ts';

const largestGroup = 256;

interface Call {
  readonly row: Row;
  readonly resolve: () => void;
}

export default async function enter({ storage, data, settings }: Setup): Promise<Contestant> {
  const worker = new Worker(new URL('./raw-sqlite-worker.ts', import.meta.url), {
    workerData: { path: join(storage, 'raw.db'), rows: 'own', ...settings } satisfies RawData,
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
  const waiting: Call[] = [];
  let underWay: readonly Call[] = [];
  let sendsSoon = false;
  // After all that go on because they were answered.
  const sendSoon = (): void => {
    if (sendsSoon || underWay.length > 0 || waiting.length === 0) return;
    sendsSoon = true;
    setImmediate(() => {
      sendsSoon = false;
      underWay = waiting.splice(0, largestGroup);
      worker.postMessage(underWay.map(({ row }) => row));
    });
  };
  worker.on('message', () => {
    for (const { resolve } of underWay) resolve();
    underWay = [];
    sendSoon();
  });
  return {
    emit: (recipient) =>
      new Promise((resolve) => {
        waiting.push({ row: [recipient, JSON.stringify(data)], resolve });
        sendSoon();
      }),
    start: () => Promise.reject(new Error('it only stores')),
    stop: async () => {
      await worker.terminate();
    },
  };
}
