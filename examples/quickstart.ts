// npm run quickstart: a support appliance tells a CRM and two managers about a session. The CRM is down at first, and
// in the middle the appliance is killed. What you read is what really happens; each ✓ is an assertion, and the exit code tells.
//
// All that a host writes is in quickstart/appliance.ts; it runs in a process of its own. Here is the story.

import { strict as assert } from 'node:assert';
import { type ChildProcess, fork } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Status, supportSessionEvents } from 'outbound-events';
import type { Report, Reports, Request } from './quickstart/appliance.ts';
import { bad, chapter, good, say, show } from './quickstart/terminal.ts';
import { crm, crmServer, mails, portOf, relayServer } from './quickstart/world.ts';

const folder = mkdtempSync(join(tmpdir(), 'outbound-events-quickstart-'));
const deadline = AbortSignal.timeout(19_000);
/** What the appliance has reported; `news` tells that it has said something, or has ended. */
const reports: Report[] = [];
const news = new EventEmitter();

await Promise.all([crmServer, relayServer].map((server) => once(server.listen(0, '127.0.0.1'), 'listening')));
let appliance = startAppliance();
try {
  chapter('A support session begins. The CRM is down.');
  ask('beginSession');
  await until(() => reported('alert:sent').length === 1);
  await status();

  chapter('The session gets an owner. As soon as that is stored: kill -9.');
  ask('changeOwner');
  await until(() => reported('stored').length === 4);
  appliance.kill('SIGKILL');
  await once(appliance, 'exit', { signal: deadline });
  say('appliance', bad('killed'));

  chapter('The appliance starts again, on the same file. The CRM is still down.');
  appliance = startAppliance();
  const [afterCrash] = (await status()).recipients;
  check('nothing is lost: 4 events were stored before, 4 wait now', () => {
    assert.equal(afterCrash?.queued, 4);
  });
  ask('endSession');
  await until(() => reported('delivered').length === 3);
  await status();
  check('the managers have their 3 mails, macros filled in: no recipient delays another', () => {
    assert.deepEqual(mailsTo('lead@example.com, quality@example.com'), [
      'Ticket T-4711: Network Support session ended',
      'Customer exit survey completed for session 4f1d0a7be2c94d0c8a65d3b1f7e92c08',
      'Representative exit survey completed for session 4f1d0a7be2c94d0c8a65d3b1f7e92c08',
    ]);
  });

  chapter('The CRM comes up.');
  crm.isUp = true;
  await until(() => reported('delivered').length === 12 && reported('alert:sent').length === 2);
  const atTheEnd = (await status()).recipients.map(({ id, state, queued }) => `${id} ${state} ${queued}`);
  const stored = reported('stored');
  const taken = crm.posts.filter((post) => post.taken);
  const refused = crm.posts.filter((post) => !post.taken);
  check('the CRM has all 9 events of all 7 types, each once, in the order they were emitted', () => {
    const inOrder = stored.map(({ id, type }, index) => ({ sequence: index + 1, id, type, taken: true }));
    assert.deepEqual(taken, inOrder);
    assert.equal(taken.length, 9);
    assert.deepEqual(new Set(taken.map(({ type }) => type)), new Set(Object.keys(supportSessionEvents)));
  });
  check('while it was down nothing overtook the first event', () => {
    assert.deepEqual(new Set(refused.map(({ id }) => id)), new Set([stored[0]?.id]));
  });
  check('the operators have one alert, in spite of the restart, and the good news', () => {
    assert.deepEqual(mailsTo('ops@example.com'), [
      'Outbound events: CRM is failing',
      'Outbound events: CRM has recovered',
    ]);
  });
  check('nothing waits any more', () => {
    assert.deepEqual(atTheEnd, ['crm ok 0', 'managers ok 0']);
  });

  chapter('The appliance stops.');
  appliance.disconnect();
  const [exitCode] = await once(appliance, 'exit', { signal: deadline });
  check('it has ended by itself, without an error', () => {
    assert.equal(exitCode, 0);
  });
} finally {
  appliance.kill('SIGKILL');
  crmServer.close();
  relayServer.close();
  rmSync(folder, { recursive: true });
}

function startAppliance(): ChildProcess {
  const file = join(folder, 'appliance.db');
  const crmUrl = `http://127.0.0.1:${portOf(crmServer)}/hook`;
  const child = fork(new URL('quickstart/appliance.ts', import.meta.url), [
    file,
    crmUrl,
    `${portOf(relayServer.server)}`,
  ]);
  child.on('message', (report: Report) => {
    reports.push(report);
    show(report);
    news.emit('news');
  });
  child.on('exit', () => news.emit('news'));
  return child;
}

function ask(request: Request): void {
  appliance.send(request);
}

function reported<Name extends keyof Reports>(name: Name): Reports[Name][] {
  return reports.flatMap((report) => (report.name === name ? [report.payload as Reports[Name]] : []));
}

async function status(): Promise<Status> {
  const known = reported('status').length;
  ask('tellStatus');
  await until(() => reported('status').length > known);
  return reported('status').at(-1) as Status;
}

/** Waits, though not for ever, and not for an appliance that has ended. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) {
    assert.equal(appliance.exitCode, null, 'the appliance has ended');
    await once(news, 'news', { signal: deadline });
  }
}

function mailsTo(addresses: string): readonly string[] {
  return mails.filter(({ to }) => to === addresses).map(({ subject }) => subject);
}

function check(claim: string, assertions: () => void): void {
  try {
    assertions();
    say('', `${good('✓')} ${claim}`);
  } catch (error) {
    say('', `${bad('✗')} ${claim}`);
    throw error;
  }
}
