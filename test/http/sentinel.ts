import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type ListenOptions } from 'node:net';
import { onTestFinished } from 'vitest';

/** A listener to which nothing should ever connect. */
export interface Sentinel {
  readonly port: number;
  /** Connections made to it so far. */
  connections(): Promise<number>;
}

/** Listens on every address of this machine until the test ends, unless told otherwise. */
export async function sentinel(where: ListenOptions = { port: 0 }): Promise<Sentinel> {
  const ports = new Set<number | undefined>();
  const server = createServer((socket) => {
    ports.add(socket.remotePort);
    socket.on('error', () => {}).destroy();
  });
  onTestFinished(() => void server.close());
  await once(server.listen(where), 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    async connections() {
      // A listener hears of connections late, but in order: when it has heard of this one, it has of all before.
      const own = connect(port, '127.0.0.1');
      await once(own, 'connect');
      const { localPort } = own;
      while (!ports.has(localPort)) await once(server, 'connection');
      own.destroy();
      ports.delete(localPort);
      return ports.size;
    },
  };
}
