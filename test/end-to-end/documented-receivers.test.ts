import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { BodyFormat } from '../../src/core/recipient.ts';
import { outgoingRequest } from '../../src/http/outgoing-request.ts';
import { createSigningKeyPair, createSigningSecret } from '../../src/index.ts';
import { type AttemptFields, attemptAt, httpRecipient } from '../../src/testing/builders.ts';

// The receivers of docs/signatures.md, run as they stand there.

interface Runtime {
  readonly file: string;
  readonly command: string;
  /** Of the command, for a receiver on this port. */
  readonly args: (file: string, port: number) => readonly string[];
  /** Prove that it can run here. */
  readonly probe: readonly string[];
}

const runtimes: Readonly<Record<string, Runtime>> = {
  js: { file: 'hook.mjs', command: process.execPath, args: (file) => [file], probe: ['--version'] },
  php: {
    file: 'hook.php',
    command: 'php',
    args: (file, port) => ['-d', 'display_errors=0', '-S', `127.0.0.1:${port}`, file],
    probe: ['-r', 'exit(extension_loaded("sodium") ? 0 : 1);'],
  },
  python: {
    file: 'hook.py',
    command: 'python3',
    args: (file) => [file],
    probe: ['-c', 'import sys; sys.exit(sys.version_info < (3, 9))'],
  },
};

const document = await readFile('docs/signatures.md', 'utf8');
const blocks = [...document.matchAll(/^```(js|php|python)\n(.*?)^```$/gms)].map(([, language = '', code = '']) => {
  const scheme = code.includes('WEBHOOK_PUBLIC_KEY') ? 'a public key' : 'a secret';
  const library = code.includes("'standardwebhooks'") ? ' and standardwebhooks' : '';
  return { language, code, scheme, name: `${language} with ${scheme}${library}` };
});

test('every way to check that the document has is tried', () => {
  expect(blocks.map(({ name }) => name)).toEqual([
    'js with a secret and standardwebhooks',
    'js with a secret',
    'php with a secret',
    'python with a secret',
    'js with a public key',
    'php with a public key',
  ]);
});

describe.each(blocks)('the receiver in $name', ({ language, code, scheme }) => {
  const { file, command, args, probe } = runtimes[language] as Runtime;
  const canRun = spawnSync(command, probe).status === 0;
  const isSymmetric = scheme === 'a secret';
  const pair = createSigningKeyPair();
  const key = isSymmetric ? createSigningSecret() : pair.privateKey;
  const foreign = (): string => (isSymmetric ? createSigningSecret() : createSigningKeyPair().privateKey);

  let url: string;

  /** What an attempt that is made now sends, and what the receiver answers to it after `change`. */
  async function answered(
    { format = 'form', secrets = [key], ...fields }: AttemptFields & { format?: BodyFormat; secrets?: string[] } = {},
    change: (sent: Sent) => Sent = (sent) => sent,
  ): Promise<number> {
    const attempt = attemptAt(httpRecipient({ url, format, signingSecrets: secrets }), { at: Date.now(), ...fields });
    const { headers, body } = outgoingRequest(attempt, { source: '/outbound-events' });
    const { 'content-length': _, ...others } = headers;
    const response = await fetch(url, { method: 'POST', ...change({ headers: others, body }) });
    expect(await response.text()).toBe(response.status === 200 ? 'ok' : 'not signed by us');
    return response.status;
  }

  /** The same, with one header of the request changed. */
  function answeredWith(name: string, change: (value: string) => string): Promise<number> {
    return answered({ event }, ({ headers, body }) => ({
      headers: { ...headers, [name]: change(headers[name] ?? '') },
      body,
    }));
  }

  const event = { id: 'Event_1-x', data: '{"name":"Zoë 漢 😀","note":"a=b & c\\n","n":1.0}' };

  describe.skipIf(!canRun)(`(skipped where ${language} is missing or too old)`, () => {
    let directory: string;
    let receiver: ChildProcess;

    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), 'outbound-events-'));
      await writeFile(join(directory, file), code);
      await symlink(resolve('node_modules'), join(directory, 'node_modules'));
      const port = await freePort();
      url = `http://127.0.0.1:${port}/hook`;
      const keys = isSymmetric ? { WEBHOOK_SECRET: key } : { WEBHOOK_PUBLIC_KEY: pair.publicKey };
      const env = { PATH: process.env.PATH, PORT: String(port), ...keys };
      receiver = spawn(command, args(join(directory, file), port), { env, stdio: 'ignore', cwd: directory });
      await vi.waitFor(() => connected(port), { timeout: 20_000 });
    });

    afterAll(async () => {
      const ended = once(receiver, 'exit');
      receiver.kill('SIGKILL');
      await ended;
      await rm(directory, { recursive: true });
    });

    test.each<BodyFormat>(['form', 'json', 'cloudevents'])('takes a genuine %s request', async (format) => {
      expect(await answered({ format, event })).toBe(200);
    });

    test('takes a request that is signed with an old and a new key, whichever it has', async () => {
      expect(await answered({ event, secrets: [foreign(), key] })).toBe(200);
      expect(await answered({ event, secrets: [key, foreign()] })).toBe(200);
      expect(await answered({ event, secrets: [createSigningKeyPair().privateKey, createSigningSecret(), key] })).toBe(
        200,
      );
    });

    test('S28: refuses another body, id or time', async () => {
      const withBody = (change: (body: string) => string) =>
        answered({ event }, (sent) => ({ ...sent, body: change(sent.body) }));
      expect(await withBody((body) => body.replace('order', 'Order'))).toBe(401);
      expect(await withBody((body) => `${body}&`)).toBe(401);
      expect(await withBody(() => '')).toBe(401);
      expect(await answeredWith('webhook-id', () => 'Event_1-y')).toBe(401);
      expect(await answeredWith('webhook-timestamp', (time) => String(Number(time) + 1))).toBe(401);
    });

    test('S28: refuses the signature of another key, a cut one, and none', async () => {
      expect(await answered({ event, secrets: [foreign()] })).toBe(401);
      expect(await answered({ event, secrets: [] })).toBe(401);
      for (const change of [() => '', () => 'v1,', () => 'v1a,', () => 'v1', cut, otherVersion]) {
        expect(await answeredWith('webhook-signature', change)).toBe(401);
      }
    });

    test('S29: refuses what is more than five minutes old, or as far ahead, and takes what is not', async () => {
      const minutesAgo = (count: number) => ({ event, at: Date.now() - count * 60_000 });
      expect(await answered(minutesAgo(4))).toBe(200);
      expect(await answered(minutesAgo(6))).toBe(401);
      expect(await answered(minutesAgo(-4))).toBe(200);
      expect(await answered(minutesAgo(-6))).toBe(401);
    });

    test('S30: refuses a time that is none', async () => {
      for (const time of ['', 'now', '1e99', 'Infinity', '-1', '9'.repeat(100)]) {
        expect(await answeredWith('webhook-timestamp', () => time)).toBe(401);
      }
    });
  });
});

interface Sent {
  readonly headers: Record<string, string>;
  readonly body: string;
}

const cut = (signature: string): string => signature.slice(0, -4);
const otherVersion = (signature: string): string => signature.replace(/^v1a?/, 'v2');

async function connected(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.destroy();
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
