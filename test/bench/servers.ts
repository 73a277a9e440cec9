import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Client } from 'pg';
import { startServer } from '../postgres/server.ts';

/** Runs with the URL of a receiver in another process. */
export async function withReceiver<Result>(use: (url: string) => Promise<Result>): Promise<Result> {
  const receiver = fork(join(import.meta.dirname, 'children/receiver.ts'));
  const [port] = (await once(receiver, 'message')) as [number];
  try {
    return await use(`http://127.0.0.1:${port}/hook`);
  } finally {
    receiver.disconnect();
    await once(receiver, 'exit');
  }
}

/** Lends the URL of a database that is new and empty. */
export type WithDatabase = <Result>(use: (url: string) => Promise<Result>) => Promise<Result>;

/** Runs with a PostgreSQL of its own: as it comes, so it flushes each commit. */
export async function withPostgres<Result>(use: (withDatabase: WithDatabase) => Promise<Result>): Promise<Result> {
  const server = await startServer({ shared_buffers: '128MB' });
  const { user, host, port } = server.config;
  const client = new Client(server.config);
  await client.connect();
  let count = 0;
  try {
    return await use(async (lend) => {
      count += 1;
      const name = `race_${count}`;
      await client.query(`CREATE DATABASE ${name}`);
      try {
        return await lend(`postgres://${user}@${host}:${port}/${name}?sslmode=disable`);
      } finally {
        await client.query(`DROP DATABASE ${name} WITH (FORCE)`);
      }
    });
  } finally {
    await client.end();
    await server.stop();
  }
}
