import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, it, onTestFinished } from 'vitest';
import { RunningExample } from './run-example.ts';

const lsid = '4f1d0a7be2c94d0c8a65d3b1f7e92c08';

/** A CRM that says when it has been posted so many bodies. */
async function startCrm() {
  const bodies: string[] = [];
  let posted = Promise.withResolvers<void>();
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      bodies.push(body);
      response.end();
      posted.resolve();
      posted = Promise.withResolvers();
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    async bodies(count: number): Promise<readonly string[]> {
      while (bodies.length < count) await posted.promise;
      return bodies;
    },
  };
}

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'outbound-events-test-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

it('the fastify host tells the CRM about each session once, shows its status, and ends well on SIGTERM', async () => {
  const crm = await startCrm();
  const host = new RunningExample(['examples/fastify-host.ts'], {
    env: { PORT: '0', EVENTS_FILE: join(await temporaryFolder(), 'events.db'), CRM_URL: crm.url },
  });
  const [, address] = await host.says(/Server listening at (http:[^"]+)/);
  const call = (method: string, path: string, body?: object) =>
    fetch(`${address}${path}`, {
      method,
      ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
  const session = `/sessions/${lsid}`;

  expect((await call('PUT', session, { external_key: 'T-4711' })).status).toBe(202);
  expect((await call('PUT', session, { external_key: 'T-4711' })).status).toBe(202);
  expect((await call('DELETE', session)).status).toBe(202);
  const bodies = await crm.bodies(2);
  expect(bodies.map((body) => new URLSearchParams(body).get('event'))).toEqual([
    'support_conference_begin',
    'support_conference_end',
  ]);
  expect(bodies[0]).toContain(`lsid=${lsid}&external_key=T-4711`);

  const wrong = await call('PUT', session, { no_such_variable: 'x' });
  expect(wrong.status).toBe(400);
  expect(await wrong.json()).toMatchObject({ code: 'ERR_EVENT_INVALID' });
  expect((await call('PUT', '/sessions/nonsense', {})).status).toBe(400);
  expect(await (await call('GET', '/status')).json()).toMatchObject({ recipients: [{ id: 'crm', state: 'ok' }] });

  host.kill('SIGTERM');
  expect(await host.exitCode).toBe(0);
  expect(await crm.bodies(2)).toHaveLength(2);
});
