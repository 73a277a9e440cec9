import { parentPort, workerData } from 'node:worker_threads';
import { BatchRunner } from './batch-runner.ts';
import type { Outcome, Reply, Request, WorkerData } from './protocol.ts';
import { storageError } from './storage-error.ts';
import { openStorageFile } from './storage-file.ts';

// The thread that has the file. It answers one request after the other; between them nothing is under way.

if (parentPort === null) throw new Error('this file is to be run as a worker thread');
const port = parentPort;
const { path, limits } = workerData as WorkerData;

function reply(outcomes: readonly Outcome[], isLast = false): void {
  port.postMessage({ outcomes, isLast } satisfies Reply);
}

try {
  const file = openStorageFile(path);
  const runner = new BatchRunner(file, limits);
  const end = (): void => {
    try {
      runner.end();
    } finally {
      file.close();
      port.close();
    }
  };
  port.on('message', (request: Request) => {
    if (request === 'close') return end();
    reply(runner.run(request), runner.isSpent);
    if (runner.isSpent) end();
    else runner.tidy();
  });
  reply([{ value: file.warnings }]);
} catch (error) {
  const { code, message } = storageError(error, path);
  reply([{ error: { code, message } }]);
}
