// node --test examples/unit-test.test.ts: how a host tests what it does with outbound events: without network, without
// disk, and without waiting. Here it is Node's own test runner; any other will do.

import { strict as assert } from 'node:assert';
import { type TestContext, test } from 'node:test';
import { OutboundEvents, supportSessionEvents } from 'outbound-events';
import { delivered, failed, ManualClock, RecordingRelay, ScriptedTransport, waitFor } from 'outbound-events/testing';

// The part of the host that is tested.

type Outbound = OutboundEvents<typeof supportSessionEvents>;

function declareRecipients(outbound: Outbound) {
  return outbound.addHttpRecipient({
    id: 'crm',
    name: 'CRM',
    url: 'https://crm.example.com/hook',
    events: ['support_conference_begin', 'support_conference_end'],
    retry: { interval: '1m', duration: '3d' },
    alerts: { to: 'ops@example.com', after: '15m', resendEvery: '4h' },
  });
}

/** It only emits, so that is all it asks for. */
class SupportDesk {
  readonly #outbound: Pick<Outbound, 'emit'>;

  constructor(outbound: Pick<Outbound, 'emit'>) {
    this.#outbound = outbound;
  }

  async helpCustomer(lsid: string, ticket: string) {
    const session = { lsid, external_key: ticket };
    await this.#outbound.emit('support_conference_begin', session);
    await this.#outbound.emit('support_conference_end', session);
  }
}

// What it is tested with: everything is real but time, the network and the disk.

async function setUp(t: TestContext) {
  const clock = new ManualClock();
  const crm = new ScriptedTransport({ clock });
  const relay = new RecordingRelay();
  const outbound = new OutboundEvents({
    events: supportSessionEvents,
    storage: ':memory:',
    clock,
    transports: {
      http: crm,
      relay,
    },
  });
  t.after(() => outbound.stop());
  await declareRecipients(outbound);
  await outbound.start();
  return { clock, crm, relay, outbound, desk: new SupportDesk(outbound) };
}

test('a session reaches the CRM, beginning first, with its ticket', async (t) => {
  const { crm, outbound, desk } = await setUp(t);
  const end = waitFor(outbound, 'delivered', ({ type }) => type === 'support_conference_end');
  await desk.helpCustomer('a1', 'T-4711');
  await end;
  assert.deepEqual(
    crm.attempts.map(({ type, data }) => ({ type, data })),
    [
      { type: 'support_conference_begin', data: { lsid: 'a1', external_key: 'T-4711' } },
      { type: 'support_conference_end', data: { lsid: 'a1', external_key: 'T-4711' } },
    ],
  );
});

test('while the CRM is down for 20 minutes one alert is sent, and nothing is lost', async (t) => {
  const { clock, crm, relay, desk } = await setUp(t);
  crm.answerWith('crm', () => failed(503));
  await desk.helpCustomer('a1', 'T-4711');

  await clock.advance('14m');
  assert.equal(relay.mails.length, 0);
  await clock.advance('6m');
  assert.deepEqual(
    relay.mails.map(({ to, subject }) => ({ to, subject })),
    [{ to: ['ops@example.com'], subject: 'Outbound events: CRM is failing' }],
  );

  crm.answerWith('crm', () => delivered());
  await clock.advance('1m');
  const taken = crm.attempts.filter(({ result }) => result?.outcome === 'delivered');
  assert.deepEqual(
    taken.map(({ type }) => type),
    ['support_conference_begin', 'support_conference_end'],
  );
});

test('a short hiccup of the CRM troubles nobody', async (t) => {
  const { clock, crm, relay, outbound, desk } = await setUp(t);
  crm.answer('crm', failed('CONNECT_REFUSED'), failed(500));
  await desk.helpCustomer('a1', 'T-4711');
  await clock.advance('1h');
  assert.deepEqual(
    crm.attempts.map(({ sequence, number }) => [sequence, number]),
    [
      [1, 1],
      [1, 2],
      [1, 3],
      [2, 1],
    ],
  );
  assert.equal(relay.mails.length, 0);
  assert.equal((await outbound.status()).recipients[0]?.state, 'ok');
});
