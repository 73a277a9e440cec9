import { describe, expect, it } from 'vitest';
import { classifyTrouble } from '../../src/email/smtp-failure.ts';
import { asSummary, asWritten, isPermanent, readReply, secretsOf } from '../../src/email/smtp-reply.ts';
import type { SmtpTrouble } from '../../src/email/smtp-trouble.ts';

describe('F52, F53: trouble with the relay', () => {
  it.each<[SmtpTrouble, string]>([
    // No connection
    [{ code: 'ESOCKET', originalCode: 'ECONNREFUSED' }, 'SMTP_CONNECT the relay refused the connection (ECONNREFUSED)'],
    [
      { code: 'ESOCKET', originalCode: 'ENOTFOUND' },
      'SMTP_CONNECT the relay has a name that does not exist (ENOTFOUND)',
    ],
    [
      { code: 'ESOCKET', originalCode: 'EAI_AGAIN' },
      'SMTP_CONNECT the relay has a name that could not be looked up (EAI_AGAIN)',
    ],
    [{ code: 'ESOCKET', originalCode: 'EHOSTUNREACH' }, 'SMTP_CONNECT the relay cannot be reached (EHOSTUNREACH)'],
    [
      { code: 'ESOCKET', originalCode: 'ECONNRESET', phase: 'connect' },
      'SMTP_CONNECT the relay closed the connection before it could be used (ECONNRESET)',
    ],
    // Cut
    [
      { code: 'ESOCKET', originalCode: 'ECONNRESET', phase: 'handshake' },
      'SMTP_TLS the relay closed the connection while TLS was set up (ECONNRESET)',
    ],
    [{ code: 'ECONNECTION', phase: 'greeting' }, 'SMTP_CUT the relay closed the connection instead of greeting'],
    [{ code: 'ECONNECTION', command: 'CONN' }, 'SMTP_CUT the relay closed the connection before the mail'],
    [
      { code: 'ESOCKET', originalCode: 'EPIPE', phase: 'mail' },
      'SMTP_CUT the relay closed the connection in the middle of the mail (EPIPE)',
    ],
    [
      { code: 'ESOCKET', originalCode: 'ECONNRESET', phase: 'dot' },
      'SMTP_CUT the relay closed the connection instead of answering the mail; the mail may have arrived (ECONNRESET)',
    ],
    [{ code: 'ESOCKET', originalCode: 'EMFILE' }, 'SMTP_CONNECT the connection to the relay failed (EMFILE)'],
    [{ code: 'ESOCKET', originalCode: 'Some words' }, 'SMTP_CONNECT the connection to the relay failed'],
    [{}, 'SMTP_CONNECT the connection to the relay failed'],
    // Too slow
    [{ code: 'ETIMEDOUT', timeoutType: 'CONNECT_TIMEOUT' }, 'SMTP_TIMEOUT no connection to the relay in time'],
    [{ code: 'ESOCKET', originalCode: 'ETIMEDOUT' }, 'SMTP_TIMEOUT no connection to the relay in time (ETIMEDOUT)'],
    [{ code: 'ETIMEDOUT', timeoutType: 'GREETING_TIMEOUT' }, 'SMTP_TIMEOUT the relay did not greet in time'],
    [{ code: 'ETIMEDOUT', timeoutType: 'UPGRADE_TIMEOUT' }, 'SMTP_TIMEOUT the relay did not finish STARTTLS in time'],
    [{ code: 'ETIMEDOUT', timeoutType: 'SOCKET_TIMEOUT' }, 'SMTP_TIMEOUT the relay did not answer in time'],
    [{ code: 'ETIMEDOUT', timeoutType: 'MAIL_TIMEOUT' }, 'SMTP_TIMEOUT the relay took too long over the mail'],
    // TLS
    [
      { code: 'ETLS', command: 'STARTTLS', response: '502 5.5.1 what?' },
      'SMTP_TLS_REQUIRED TLS is required, but the relay refused STARTTLS: 502 5.5.1 what?',
    ],
    [
      { code: 'ETLS', command: 'STARTTLS', response: '454 4.7.0 later' },
      'SMTP_TLS_REQUIRED TLS is required, but the relay put off STARTTLS: 454 4.7.0 later',
    ],
    [{ code: 'ETLS', command: 'CONN' }, 'SMTP_TLS the relay does not speak TLS with us'],
    [
      { code: 'ESOCKET', originalCode: 'ERR_SSL_WRONG_VERSION_NUMBER' },
      'SMTP_TLS the relay does not speak TLS with us (ERR_SSL_WRONG_VERSION_NUMBER)',
    ],
    [
      { code: 'ESOCKET', originalCode: 'CERT_HAS_EXPIRED' },
      'SMTP_CERTIFICATE the relay has a certificate that has expired (CERT_HAS_EXPIRED)',
    ],
    [
      { code: 'ESOCKET', originalCode: 'CERT_NOT_YET_VALID' },
      'SMTP_CERTIFICATE the relay has a certificate that is not yet valid (CERT_NOT_YET_VALID)',
    ],
    [
      { code: 'ESOCKET', originalCode: 'DEPTH_ZERO_SELF_SIGNED_CERT' },
      'SMTP_CERTIFICATE the relay has a self-signed certificate (DEPTH_ZERO_SELF_SIGNED_CERT)',
    ],
    [
      { code: 'ESOCKET', originalCode: 'ERR_TLS_CERT_ALTNAME_INVALID' },
      'SMTP_CERTIFICATE the relay has a certificate for another host (ERR_TLS_CERT_ALTNAME_INVALID)',
    ],
    [
      { code: 'ESOCKET', originalCode: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' },
      'SMTP_CERTIFICATE the relay has a certificate of an unknown authority (UNABLE_TO_VERIFY_LEAF_SIGNATURE)',
    ],
    [
      { code: 'ESOCKET', originalCode: 'CERT_REVOKED' },
      'SMTP_CERTIFICATE the relay has a certificate that cannot be verified (CERT_REVOKED)',
    ],
    // Login
    [{ code: 'ENOAUTH' }, 'SMTP_AUTH the relay offers no login, but smtp.auth is set; nothing was sent'],
    [{ code: 'EAUTH', command: 'API' }, 'SMTP_AUTH the relay offers no login that can be used'],
    [
      { code: 'EAUTH', command: 'AUTH PLAIN', response: '535 5.7.8 bad password' },
      'SMTP_AUTH the relay refused the login: 535 5.7.8 bad password',
    ],
    [
      { code: 'EAUTH', command: 'AUTH PLAIN', response: '454 4.7.0 later' },
      'SMTP_AUTH the relay put off the login: 454 4.7.0 later',
    ],
    [
      { code: 'EENVELOPE', command: 'MAIL FROM', response: '530 5.7.0 log in first' },
      'SMTP_AUTH the relay refused the login: 530 5.7.0 log in first',
    ],
    [
      { code: 'EMESSAGE', command: 'DATA', response: '530 5.7.0 log in first' },
      'SMTP_AUTH the relay refused the login: 530 5.7.0 log in first',
    ],
    // Addresses outside ASCII
    [{ code: 'EUTF8' }, 'SMTP_UTF8_UNSUPPORTED the relay takes no sender outside ASCII (it does not offer SMTPUTF8)'],
    [
      { code: 'EENVELOPE', command: 'MAIL FROM', response: '550 5.6.7 no' },
      'SMTP_UTF8_UNSUPPORTED the relay refused the sender: 550 5.6.7 no',
    ],
    // Replies about the session and the sender
    [
      { code: 'EPROTOCOL', command: 'CONN', response: '554 5.3.2 no service' },
      'SMTP_REPLY the relay refused the session: 554 5.3.2 no service',
    ],
    [
      { code: 'EENVELOPE', command: 'MAIL FROM', response: '421 4.3.2 closing' },
      'SMTP_REPLY the relay put off the session: 421 4.3.2 closing',
    ],
    [
      { code: 'EMESSAGE', command: 'DATA', response: '421 4.3.2 closing', phase: 'dot' },
      'SMTP_REPLY the relay put off the session: 421 4.3.2 closing',
    ],
    [
      { code: 'EAUTH', command: 'AUTH PLAIN', response: '421 4.7.0 too many logins' },
      'SMTP_AUTH the relay put off the login: 421 4.7.0 too many logins',
    ],
    [
      { code: 'ECONNECTION', command: 'EHLO', response: '421 4.3.2 too busy' },
      'SMTP_REPLY the relay put off the session: 421 4.3.2 too busy',
    ],
    [
      { code: 'EENVELOPE', command: 'MAIL FROM', response: '550 5.7.1 not you' },
      'SMTP_SENDER the relay refused the sender: 550 5.7.1 not you',
    ],
    [
      { code: 'EENVELOPE', command: 'MAIL FROM', response: '552 5.2.2 your mailbox is full' },
      'SMTP_SENDER the relay refused the sender: 552 5.2.2 your mailbox is full',
    ],
    [
      { code: 'EENVELOPE', command: 'MAIL FROM', response: '452 4.3.1 full' },
      'SMTP_SENDER the relay put off the sender: 452 4.3.1 full',
    ],
    [
      { code: 'EPROTOCOL', command: 'CONN', response: 'SSH-2.0-OpenSSH' },
      'SMTP_REPLY the relay gave an answer that makes no sense: SSH-2.0-OpenSSH',
    ],
    [{ code: 'EPROTOCOL', command: 'CONN' }, 'SMTP_REPLY the relay gave an answer that makes no sense'],
  ])('%j is about the relay, and passes: any mail may go later', (trouble, expected) => {
    const failure = classifyTrouble(trouble, []);
    expect(`${failure.error.code} ${failure.error.message}`).toBe(expected);
    expect(failure).toMatchObject({ about: 'relay', isPermanent: false });
  });

  it.each<[SmtpTrouble, boolean, string, string]>([
    [
      { code: 'EENVELOPE', command: 'DATA', response: '451 4.3.0 later' },
      false,
      'SMTP_MAIL',
      'the relay put off the mail: 451 4.3.0 later',
    ],
    [
      { code: 'EMESSAGE', command: 'DATA', response: '452 4.3.1 full' },
      false,
      'SMTP_MAIL',
      'the relay put off the mail: 452 4.3.1 full',
    ],
    [
      { code: 'EMESSAGE', command: 'DATA', response: '503 5.5.1 out of sequence' },
      false,
      'SMTP_MAIL',
      'the relay refused the mail: 503 5.5.1 out of sequence',
    ],
    [
      { code: 'EENVELOPE', command: 'DATA', response: '554 5.7.1 no' },
      true,
      'SMTP_MAIL',
      'the relay refused the mail: 554 5.7.1 no',
    ],
    [
      { code: 'EMESSAGE', command: 'DATA', response: '550 5.7.1 spam' },
      true,
      'SMTP_MAIL',
      'the relay refused the mail: 550 5.7.1 spam',
    ],
    [
      { code: 'EENVELOPE', command: 'MAIL FROM', response: '552 5.3.4 too large' },
      true,
      'SMTP_SIZE',
      'the relay refused the mail: 552 5.3.4 too large',
    ],
    [{ code: 'EMESSAGE', command: 'MAIL FROM' }, true, 'SMTP_SIZE', 'the mail is larger than the relay takes'],
    [
      { command: 'DATA', response: '552 5.3.4 too large' },
      true,
      'SMTP_SIZE',
      'the relay refused the mail: 552 5.3.4 too large',
    ],
    [
      { command: 'DATA', response: '550 5.2.3 too large' },
      true,
      'SMTP_SIZE',
      'the relay refused the mail: 550 5.2.3 too large',
    ],
    [{ command: 'DATA', response: '552 too large' }, true, 'SMTP_SIZE', 'the relay refused the mail: 552 too large'],
    [
      { command: 'DATA', response: '554 5.3.4 too large' },
      true,
      'SMTP_SIZE',
      'the relay refused the mail: 554 5.3.4 too large',
    ],
    [
      { command: 'DATA', response: '452 5.3.4 not now' },
      false,
      'SMTP_MAIL',
      'the relay put off the mail: 452 5.3.4 not now',
    ],
    [
      { command: 'DATA', response: '552 5.2.2 mailbox full' },
      true,
      'SMTP_MAIL',
      'the relay refused the mail: 552 5.2.2 mailbox full',
    ],
  ])('%j is about this mail; for ever: %s', (trouble, isForEver, code, message) => {
    expect(classifyTrouble(trouble, [])).toMatchObject({
      about: 'mail',
      isPermanent: isForEver,
      error: { code, message },
    });
  });

  it('carries the reply of the relay', () => {
    expect(classifyTrouble({ command: 'DATA', response: '550 no' }, []).reply).toEqual({ code: 550, words: 'no' });
    expect(classifyTrouble({ code: 'ECONNECTION' }, []).reply).toBeNull();
  });
});

describe('a reply of the relay', () => {
  it('is shown on one line', () => {
    const reply = readReply('550-5.1.1 no\r\n550-such\tuser\n550 \u0007here\u202e', []);
    expect(reply).toEqual({ code: 550, words: '5.1.1 no such user here' });
    expect(asWritten(reply)).toBe('550 5.1.1 no such user here');
    expect(asSummary(reply)).toEqual({ status: 550, text: '5.1.1 no such user here' });
  });

  it('is cut after 200 characters, not inside one', () => {
    expect(readReply(`250 ${'x'.repeat(300)}`, []).words).toBe('x'.repeat(200));
    expect(readReply(`250 ${'x'.repeat(199)}😀`, []).words).toBe(`${'x'.repeat(199)}\ufffd`);
  });

  it('has no status when it is none', () => {
    const reply = readReply('HTTP/1.1 400 Bad Request', []);
    expect(asWritten(reply)).toBe('HTTP/1.1 400 Bad Request');
    expect(asSummary(reply)).toEqual({ status: null, text: 'HTTP/1.1 400 Bad Request' });
  });

  it('never shows the password, however the login sent it', () => {
    const secrets = secretsOf({ auth: { user: 'me', pass: 'Pa$$w0rd' } });
    const plain = Buffer.from('\0me\0Pa$$w0rd').toString('base64');
    const login = Buffer.from('Pa$$w0rd').toString('base64');
    expect(readReply(`535 no: AUTH PLAIN ${plain} and ${login} and Pa$$w0rd.`, secrets).words).toBe(
      'no: AUTH PLAIN *** and *** and ***.',
    );
  });

  it('is left alone without a password', () => {
    expect(secretsOf({ auth: null })).toEqual([]);
    expect(secretsOf({ auth: { user: 'me', pass: '' } })).toEqual([]);
  });

  it.each([
    [200, false],
    [354, false],
    [421, false],
    [450, false],
    [499, false],
    [500, true],
    [503, false],
    [530, false],
    [534, false],
    [535, false],
    [538, false],
    [550, true],
    [552, true],
    [554, true],
    [599, true],
    [600, false],
  ])('of %i to an address or a mail is for ever: %s', (code, isForEver) => {
    expect(isPermanent({ code, words: '' })).toBe(isForEver);
  });
});
