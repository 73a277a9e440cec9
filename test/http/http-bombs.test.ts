import { execFile } from 'node:child_process';
import { createServer, type Socket } from 'node:net';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { ended, listening } from './receivers.ts';

const megabyte = 1024 * 1024;
const ok = 'HTTP/1.1 200 OK\r\n';
const block = Buffer.alloc(65_536, 'x');
const chunk = Buffer.concat([Buffer.from('10000\r\n'), block, Buffer.from('\r\n')]);
const bomb = gzipSync(Buffer.alloc(100 * megabyte));

/** How each answer begins, and what follows for ever. */
const answers: Readonly<Record<string, readonly [beginning: string, more: Buffer]>> = {
  '/50-megabytes': [`${ok}Content-Length: ${50 * megabyte}\r\n\r\n`, block],
  '/endless': [`${ok}\r\n`, block],
  '/endless-chunks': [`${ok}Transfer-Encoding: chunked\r\n\r\n`, chunk],
  '/endless-chunk': [`${ok}Transfer-Encoding: chunked\r\n\r\nffffffffff\r\n`, block],
  '/endless-extension': [`${ok}Transfer-Encoding: chunked\r\n\r\n1;`, block],
  '/endless-trailer': [`${ok}Transfer-Encoding: chunked\r\n\r\n0\r\nX: `, block],
  '/endless-head': [`${ok}X: `, block],
  '/endless-reason': ['HTTP/1.1 200 ', block],
  '/gzip-bomb': [`${ok}Content-Encoding: gzip\r\nContent-Length: ${bomb.length}\r\n\r\n`, bomb],
};

/** Writes for as long as the other side takes it. */
function pour(socket: Socket, beginning: string, more: Buffer): void {
  socket.write(beginning);
  const go = (): void => {
    while (socket.writable && socket.write(more));
  };
  socket.on('drain', go);
  go();
}

async function bombs(): Promise<{ readonly urls: readonly string[]; readonly connections: readonly Socket[] }> {
  const connections: Socket[] = [];
  const server = createServer((socket) => {
    connections.push(socket);
    socket.on('error', () => {});
    socket.once('data', (head) => {
      const [, path = ''] = head.toString('latin1').split(' ');
      const [beginning, more] = answers[path] ?? ['', block];
      pour(socket, beginning, more);
    });
  });
  const authority = await listening(server);
  return { urls: Object.keys(answers).map((path) => `http://${authority}${path}`), connections };
}

/** What the child says; bytes of memory. */
interface Report {
  readonly ends: readonly string[];
  readonly grown: number;
  readonly peak: number;
}

it('F38, S27: answers without end, and compressed ones, leave the memory as it is and their connections closed', async () => {
  const { urls, connections } = await bombs();
  const program = new URL('./children/read-answers.ts', import.meta.url).pathname;
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', program, '20', ...urls]);
  const { ends, grown, peak } = JSON.parse(stdout) as Report;
  expect(ends).toEqual([
    '/50-megabytes delivered',
    '/endless delivered',
    '/endless-chunk delivered',
    '/endless-chunks delivered',
    '/endless-extension HTTP_MALFORMED',
    '/endless-head HTTP_MALFORMED',
    '/endless-reason HTTP_MALFORMED',
    '/endless-trailer HTTP_MALFORMED',
    '/gzip-bomb delivered',
  ]);
  expect(grown).toBeLessThan(20 * megabyte);
  // One bomb alone would take more.
  expect(peak).toBeLessThan(60 * megabyte);
  await Promise.all(connections.map(ended));
  const taken = connections.map(({ bytesWritten }) => bytesWritten);
  expect(Math.max(...taken)).toBeLessThan(16 * megabyte);
});
