import { describe, expect, it } from 'vitest';
import { SmtpClient } from '../../src/email/smtp-client.ts';
import { defaultTimeouts, type SmtpTimeouts } from '../../src/email/smtp-timeouts.ts';
import type { RelayScript } from './relay-script.ts';
import { ScriptedRelay } from './scripted-relay.ts';
import { smtpSettings, unaborted } from './sending.ts';

describe('in the middle of a mail', () => {
  /** More than any system takes before the other side has read it. */
  const mail = Buffer.alloc(32_000_000, `${'x'.repeat(70)}\r\n`);
  const envelope = { from: 'office@sender.test', to: ['a@x.test'] };

  async function sent(script: RelayScript, timeouts: Partial<SmtpTimeouts> = {}) {
    await using relay = await ScriptedRelay.start({ data: '354 go on', ...script });
    const client = new SmtpClient(smtpSettings({ port: relay.port }), { ...defaultTimeouts, ...timeouts });
    const result = await client.send(envelope, mail, unaborted);
    await client.close();
    return result;
  }

  it.each<[string, RelayScript, object]>([
    [
      'the connection may be cut: the mail is tried again',
      { midMail: [50_000, 'drop'] },
      {
        isPermanent: false,
        error: {
          code: 'SMTP_CUT',
          message: expect.stringContaining('closed the connection in the middle of the mail'),
        },
      },
    ],
    [
      'the relay may refuse it for good',
      { midMail: [50_000, '552 5.3.4 too large'] },
      { about: 'mail', isPermanent: true, error: { code: 'SMTP_SIZE' } },
    ],
    [
      'the relay may put it off',
      { midMail: [50_000, '451 4.3.0 later'] },
      { about: 'mail', isPermanent: false, error: { code: 'SMTP_MAIL' } },
    ],
    [
      'the relay cannot say that it has it',
      { midMail: [50_000, '250 2.0.0 queued'] },
      {
        about: 'relay',
        error: {
          code: 'SMTP_REPLY',
          message: 'the relay gave an answer that makes no sense: 250 2.0.0 queued',
        },
      },
    ],
  ])('F53, F56: %s', async (_what, script, failure) => {
    expect(await sent(script)).toMatchObject({ status: 'failed', failure });
  });

  it('F57: a relay that takes no more of it is not waited for without end', async () => {
    const slow = sent({ midMail: [50_000, 'standstill'] }, { mail: 1_000 });
    expect(await slow).toMatchObject({
      status: 'failed',
      failure: { error: { code: 'SMTP_TIMEOUT', message: 'the relay took too long over the mail' } },
    });
  });
});
