import { expect, test } from 'vitest';
import { EmailTransport } from '../../src/email.ts';
import { waitFor } from '../../src/testing.ts';
import { catalog, minute, setUp } from '../dispatch/harness.ts';
import { ScriptedRelay } from './scripted-relay.ts';
import { smtpSettings } from './sending.ts';

test('F65: while the relay is down for hours mails wait in order, and the host is told without a mail', async () => {
  await using relay = await ScriptedRelay.start({ greeting: 'drop' });
  const email = new EmailTransport({ smtp: smtpSettings({ port: relay.port }), events: catalog });
  const { outbound, clock, heard } = setUp({ transports: { email, relay: email } });
  const ids = ['sales', 'stock'];
  const retry = { interval: '10m', duration: '1d' } as const;
  for (const id of ids)
    await outbound.addEmailRecipient({ id, name: id, to: [`${id}@x.test`], events: { 'order.paid': true }, retry });
  const begun = clock.now();
  const allTried = () =>
    Promise.all(ids.map((id) => waitFor(outbound, 'retrying', ({ recipientId }) => recipientId === id)));
  const tried = allTried();
  void outbound.start();
  for (let order = 1; order <= 20; order += 1) await outbound.emit('order.paid', { order });

  await tried;
  for (let turn = 0; turn < 18; turn += 1) await Promise.all([allTried(), clock.advance('10m')]);

  const message = 'the relay closed the connection instead of greeting';
  const { relay: status, recipients } = await outbound.status();
  expect(status).toEqual({ status: message, since: expect.any(Number) });
  expect(status.since).toBeLessThanOrEqual(begun + minute);
  for (const recipient of recipients) {
    expect(recipient).toMatchObject({ state: 'failing', queued: 20, lastError: { code: 'SMTP_CUT', message } });
    expect(recipient.failingSince).toBeLessThanOrEqual(begun + minute);
  }
  expect(
    heard('recipient:failing')
      .map(({ recipientId }) => recipientId)
      .sort(),
  ).toEqual(ids);
  expect(heard('relay:status')).toMatchObject([{ status: message }]);
  expect(relay.commands).toEqual([]);

  relay.script = {};
  const allDone = ids.map((id) =>
    waitFor(outbound, 'delivered', ({ recipientId, sequence }) => recipientId === id && sequence === 20),
  );
  await Promise.all([...allDone, clock.advance('10m')]);

  expect((await outbound.status()).relay.status).toBe('OK');
  for (const id of ids) {
    const own = relay.mails.filter(({ to }) => to.includes(`${id}@x.test`));
    const sequences = own.map(({ raw }) => Number(/^X-Outbound-Sequence: (\d+)/m.exec(raw)?.[1]));
    expect(sequences).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
  }
});
