import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import type { TestProject } from 'vitest/node';
import { type DatabaseConfig, type Server, startServer } from './server.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Port at which the run's PostgreSQL is asked for. */
    sharedPostgres: number;
  }
}

/**
 * One PostgreSQL for a run of tests, which starts when the first test file asks for it: most runs need none. Asking is
 * a connection to a port; its answer is where the server is found.
 */
export default async function sharePostgres({ provide }: TestProject): Promise<() => Promise<void>> {
  let server: Promise<Server> | undefined;
  const desk = createServer(async (socket) => {
    socket.on('error', () => {});
    server ??= startServer();
    const answer = await server.then(
      ({ config }) => ({ config }),
      (error) => ({ error: String(error) }),
    );
    socket.end(JSON.stringify(answer));
  });
  await once(desk.listen(0, '127.0.0.1'), 'listening');
  provide('sharedPostgres', (desk.address() as AddressInfo).port);

  return async () => {
    desk.close();
    await (await server?.catch(() => undefined))?.stop();
  };
}

/** Where the server is found that is asked for at this port. Rejects with its last words if it does not start. */
export async function sharedServer(port: number): Promise<DatabaseConfig> {
  const answer: { config: DatabaseConfig } | { error: string } = JSON.parse(await text(connect(port, '127.0.0.1')));
  if ('error' in answer) throw new Error(answer.error);
  return answer.config;
}
