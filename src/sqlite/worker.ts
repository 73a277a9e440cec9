import { parentPort, workerData } from 'node:worker_threads';
import { BatchRunner } from './batch-runner.ts';
import type { Reply, Request, WorkerData } from './protocol.ts';
import { storageError } from './storage-error.ts';
import { openStorageFile } from './storage-file.ts';

// The thread that has the file. It answers one request after the other; between them nothing is under way.

if (parentPort === null) throw new Error('this file is to be run as a worker thread');
const port = parentPort;
const { path, limits } = workerData as WorkerData;

function reply(message: Reply): void {
  port.postMessage(message);
}

try {
  const file = openStorageFile(path);
  const runner = new BatchRunner(file, limits);
  port.on('message', (request: Request) => {
    if (request !== 'close') return reply(runner.run(request));
    runner.end();
    file.close();
    port.close();
  });
  reply([{ value: file.warnings }]);
} catch (error) {
  const { code, message } = storageError(error, path);
  reply([{ error: { code, message } }]);
}
