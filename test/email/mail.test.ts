import fc from 'fast-check';
import { simpleParser } from 'mailparser';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseAddresses } from '../../src/core/email-address.ts';
import type { Json } from '../../src/core/json.ts';
import type { EmailTransport } from '../../src/email.ts';
import { ScriptedRelay } from './scripted-relay.ts';
import { attempt, storedEvent, transportTo, unaborted } from './sending.ts';

let relay: ScriptedRelay;
let transport: EmailTransport;

beforeAll(async () => {
  relay = await ScriptedRelay.start();
  transport = transportTo(relay.port);
});
beforeEach(() => {
  relay.mails.length = 0;
});
afterAll(async () => {
  await transport.close();
  await relay[Symbol.asyncDispose]();
});

/** Sends one mail and returns it as the relay took it. */
async function sent(...given: Parameters<typeof attempt>) {
  const result = await transport.send(attempt(...given), { signal: unaborted });
  expect(result).toMatchObject({ outcome: 'delivered', relay: 'OK', response: { status: 250, text: '2.0.0 queued' } });
  const taken = relay.mails.pop();
  if (taken === undefined) throw new Error('no mail was taken');
  return { ...taken, mail: await simpleParser(unstuffed(taken.raw)) };
}

/** Without the dots that guard the lines that begin with one (RFC 5321 §4.5.2). */
function unstuffed(raw: string): Buffer {
  return Buffer.from(raw.replace(/^\./gm, ''), 'latin1');
}

describe('the mail about an event', () => {
  it('goes from the sender to all addresses of the recipient, with the texts of the event', async () => {
    const { from, to, mail } = await sent({ to: ['a@receiver.test', 'b@receiver.test'] });
    expect({ from, to }).toEqual({ from: 'office@sender.test', to: ['a@receiver.test', 'b@receiver.test'] });
    expect(mail.headers.get('from')).toMatchObject({ text: 'office@sender.test' });
    expect(mail.headers.get('to')).toMatchObject({ text: 'a@receiver.test, b@receiver.test' });
    expect(mail).toMatchObject({ subject: 'Door front opened', text: 'Door front was opened.\n', html: false });
  });

  it('S31: says when it was accepted, that a machine wrote it, and which event it is', async () => {
    const { mail } = await sent();
    expect(mail.date).toEqual(new Date(Date.UTC(2026, 0, 2, 3, 4, 6)));
    expect(Object.fromEntries(mail.headers)).toMatchObject({
      'auto-submitted': 'auto-generated',
      'x-outbound-event': 'opened',
      'x-outbound-sequence': '7',
    });
  });

  it('has the texts of the recipient where there are any', async () => {
    const own = { subject: 'For {{recipient}}', text: '{{event}} {{version}} {{timestamp}}', html: '<b>{{door}}</b>' };
    const { mail } = await sent({ events: { opened: own } }, storedEvent({ data: { door: '<front>' } }));
    expect(mail).toMatchObject({ subject: 'For Managers', text: 'opened 1 1767323045', html: '<b>&lt;front&gt;</b>' });
  });

  it('has the default text of the event where the own one is blank', async () => {
    const { mail } = await sent({ events: { opened: { subject: ' ', text: '\n', html: '' } } });
    expect(mail).toMatchObject({ subject: 'Door front opened', text: 'Door front was opened.\n', html: false });
  });

  it('has the default texts for a type the recipient no longer takes, and for one that left the catalog', async () => {
    const { mail } = await sent({ events: {} });
    expect(mail.subject).toBe('Door front opened');
    expect((await sent({}, storedEvent({ type: 'gone' }))).mail.subject).toBe('gone');
    expect((await sent({}, storedEvent({ type: 'constructor' }))).mail.subject).toBe('constructor');
  });

  it('F56: is the same to the byte on every attempt, also with a text and an HTML part', async () => {
    const events = { opened: { html: '<p>{{door}}</p>' } };
    const first = await sent({ events });
    expect(first.mail.html).toBe('<p>front</p>');
    // A later second, and another transport.
    await using other = transportTo(relay.port);
    await other.send({ ...attempt({ events }), number: 2 }, { signal: unaborted });
    expect(relay.mails).toEqual([{ from: first.from, to: first.to, raw: first.raw }]);
  });

  it('has the same Message-ID for every attempt, and another for another recipient or event', async () => {
    const ids = [
      (await sent()).mail.messageId,
      (await sent({ name: 'Renamed', to: ['b@receiver.test'] })).mail.messageId,
      (await sent({ id: 'others' })).mail.messageId,
      (await sent({}, storedEvent({ id: 'ev-2' }))).mail.messageId,
    ];
    expect(ids[0]).toMatch(/^<ev-1\.[0-9a-f]{32}@sender\.test>$/);
    expect(ids[1]).toBe(ids[0]);
    expect(new Set(ids).size).toBe(3);
  });

  it.each(['text', 'html'])(
    'cannot be made to hold another part by one who knows the boundary of its %s',
    async (part) => {
      const events = { opened: { text: 'x', html: 'x', [part]: '{{details}}' } };
      const { raw } = await sent({ events }, storedEvent({ data: { details: 'x' } }));
      const [, boundary] = /boundary="(.+)"/.exec(raw) ?? [];
      expect(raw).toContain(`\r\n--${boundary}--\r\n`);
      const evil = `--${boundary}\nContent-Type: text/plain\n\nevil\n--${boundary}--\n`;
      const { mail, raw: evilRaw } = await sent({ events }, storedEvent({ data: { details: evil } }));
      expect(evilRaw).not.toContain(`boundary="${boundary}"`);
      expect(mail).toMatchObject({ text: 'x', html: 'x', [part]: evil });
    },
  );
});

describe('F62, S12, S15: whatever the event holds', () => {
  const anyText = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.string({
      unit: fc.constantFrom('.', '\r', '\n', '\r\n', 'a', ' ', '=', '\0', '\t', 'é', '😀', '‏ש', '-'),
      maxLength: 300,
    }),
    fc.integer({ min: 900, max: 3000 }).map((length) => 'x'.repeat(length)),
  );

  it('the text arrives as it is, in lines of at most 998 characters that all end with CR LF', async () => {
    const events = { opened: { text: '{{details}}|\n' } };
    await fc.assert(
      fc.asyncProperty(anyText, async (details) => {
        const { raw, mail } = await sent({ events }, storedEvent({ data: { details } }));
        expect(mail.text).toBe(`${details.replace(/\r\n?/g, '\n')}|\n`);
        expect(raw.replaceAll('\r\n', '')).not.toMatch(/[\r\n\0]/);
        expect(Math.max(...raw.split('\r\n').map((line) => line.length))).toBeLessThanOrEqual(998);
      }),
      { numRuns: 300 },
    );
  });

  it('the mail has our headers and no others, and a subject of one line and at most 200 characters', async () => {
    const events = { opened: { subject: '{{recipient}}: {{door}}' } };
    const ours = [
      'auto-submitted',
      'content-transfer-encoding',
      'content-type',
      'date',
      'from',
      'message-id',
      'mime-version',
      'subject',
      'to',
      'x-outbound-event',
      'x-outbound-sequence',
    ];
    const hostile = fc.oneof(
      anyText,
      fc.constantFrom('x\r\nBcc: evil@evil.test', 'x\n\nbody', 'x\rFrom: evil@evil.test'),
    );
    await fc.assert(
      fc.asyncProperty(hostile, hostile, async (name, door) => {
        const { to, mail } = await sent({ name, events }, storedEvent({ data: { door } }));
        expect([...mail.headers.keys()].sort()).toEqual(ours);
        expect(to).toEqual(['a@receiver.test']);
        expect(mail.subject).not.toMatch(/[\r\n\0]/);
        expect(Array.from(mail.subject ?? '').length).toBeLessThanOrEqual(200);
        expect(mail.text).toBe(`Door ${door.replace(/\r\n?/g, '\n')} was opened.\n`);
      }),
      { numRuns: 200 },
    );
  });

  it('it cannot name a file or an address to be fetched in place of a text', async () => {
    const data: Json = { details: { path: '/etc/passwd' }, door: { href: 'http://127.0.0.1:1/' } };
    const { mail } = await sent({ events: { opened: { text: '{{details}} {{door}}\n' } } }, storedEvent({ data }));
    expect(mail.text).toBe('{"path":"/etc/passwd"} {"href":"http://127.0.0.1:1/"}\n');
    expect(mail.attachments).toEqual([]);
  });
});

describe('a valid address', () => {
  const localPart = fc.string({ unit: fc.constantFrom(..."aZ09!#$%&'*+/=?^_`{|}~-."), minLength: 1, maxLength: 64 });
  const label = fc.string({ unit: fc.constantFrom(...'aZ09-é日ß'), minLength: 1, maxLength: 12 });
  const domain = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'));
  const validAddress = fc
    .oneof(
      fc.emailAddress(),
      fc.tuple(localPart, domain).map(([local, host]) => `${local}@${host}`),
    )
    .map((text) => {
      try {
        return parseAddresses([text], 'to')[0];
      } catch {
        return undefined;
      }
    })
    .filter((address) => address !== undefined);

  it('is in the envelope and in the header to the byte', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(validAddress, { minLength: 1, maxLength: 10 }), async (addresses) => {
        const { to, raw } = await sent({ to: addresses });
        expect(to).toEqual(addresses);
        const [, header = ''] = /^To:(.*?)\r\n(?! )/ms.exec(raw) ?? [];
        expect(
          header
            .replace(/\s/g, '')
            .split(',')
            .map((each) => each.replace(/^<|>$/g, '')),
        ).toEqual(addresses);
      }),
      { numRuns: 300 },
    );
  });
});
