import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { changeRecipient, parseHttpRecipient } from '../../src/core/parse-recipient.ts';
import { catalog, fullHttp, http } from './recipients.ts';
import { secret } from './refusal.ts';

const withoutCa = { ...fullHttp, ca: null };
const signingSecret = String(fullHttp.signingSecrets[0]);

test('a recipient that is logged shows no secret, alone or in something else', () => {
  const recipient = parseHttpRecipient(withoutCa, catalog);
  for (const logged of [recipient, { recipient }, [recipient], changeRecipient(recipient, { name: 'New' }, catalog)]) {
    const shown = inspect(logged, { depth: 10, showHidden: true });
    expect(shown).not.toContain(secret);
    expect(shown).not.toContain(signingSecret);
    expect(shown).toContain("'x-token': '***'");
    expect(shown).toMatch(/signingSecrets: \[\s*'\*\*\*'/);
    expect(shown).toContain("url: 'https://crm.example.com/***'");
  }
});

test('a recipient without secrets shows that there are none', () => {
  expect(inspect(http())).toMatch(/key: null,\s+passphrase: null/);
});

test('what is stored and what the host may read of it is whole', () => {
  const recipient = parseHttpRecipient(withoutCa, catalog);
  expect(JSON.parse(JSON.stringify(recipient))).toEqual({ ...recipient });
  expect(recipient.url).toContain(secret);
  expect(Object.keys(recipient)).not.toContain('inspect');
});
