import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

/** The login that the server takes. */
export const user = 'office';
export const pass = 'S3cret-pa55word';

/** A real SMTP server, and what it was told. */
export async function startServer(options: SMTPServerOptions) {
  const logins: string[] = [];
  const mails: { readonly to: readonly string[]; readonly secure: boolean; readonly user: unknown }[] = [];
  const server = new SMTPServer({
    authOptional: true,
    onAuth({ method, username, password }, _session, callback) {
      logins.push(`${method} ${username}`);
      if (username === user && password === pass) callback(null, { user });
      else callback(new Error(`wrong: ${password}`));
    },
    onData(stream, session, callback) {
      stream.resume().once('end', () => {
        const to = session.envelope.rcptTo.map(({ address }) => address);
        mails.push({ to, secure: session.secure, user: session.user });
        callback();
      });
    },
    ...options,
  });
  server.on('error', () => {});
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  const { port } = server.server.address() as AddressInfo;
  return {
    port,
    logins,
    mails,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}
