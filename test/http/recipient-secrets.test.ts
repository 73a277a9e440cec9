import { expect, test } from 'vitest';
import { withoutSecrets } from '../../src/http/recipient-secrets.ts';
import { httpRecipient } from '../../src/testing.ts';

const recipient = httpRecipient({
  url: 'https://us%40er1:pa%2Fss12@crm.example.com/hooks/T0KEN-path?appliance_id=7&token=query%20token',
  headers: { authorization: 'Bearer ab/cd+efgh==', cookie: 'sid=cookie-value; lang=en', 'x-html': 'a<b>&"c"d' },
  signingSecrets: ['whsec_c2lnbmluZw=='],
});

test.each([
  ['as it was sent', 'authorization: Bearer ab/cd+efgh=='],
  ['without what goes before it', 'no: ab/cd+efgh== is not known'],
  ['in JSON of PHP', String.raw`{"auth":"Bearer ab\/cd+efgh=="}`],
  ['in JSON of .NET', String.raw`{"auth":"ab/cd\u002Befgh=="}`],
  ['in a URL', 'https://x.example/?t=ab%2Fcd%2Befgh%3D%3D'],
  ['a value of a cookie', 'unknown session cookie-value'],
  ['in HTML', '<p>a&lt;b&gt;&amp;&quot;c&quot;d</p>'],
  ['user and password', 'us@er1 and pa/ss12, or us%40er1:pa%2Fss12'],
  ['user and password as a header', `Basic ${Buffer.from('us@er1:pa/ss12').toString('base64')}`],
  ['a part of the path', 'no hook T0KEN-path here'],
  ['a value of the query', 'query token, query%20token'],
  ['a signing secret', 'whsec_c2lnbmluZw== signs nothing'],
])('S7: a secret that a receiver repeats is not told: %s', (_how, text) => {
  const secrets =
    /ab\\?\/cd|cd(?:\+|%2B|\\u002B)efgh|cookie-value|b(?:&gt;|>)&|us(?:@|%40)er1|pa(?:\/|%2F)ss12|T0KEN|query(?: |%20)token|c2lnbmluZw|dXNAZXIx/;
  expect(text).toMatch(secrets);
  expect(withoutSecrets(text, recipient)).not.toMatch(secrets);
  expect(withoutSecrets(text, recipient)).toContain('***');
});

test('what is no secret, or too short to be one, is left alone', () => {
  const text = 'hooks at crm.example.com of appliance_id 7, lang=en';
  expect(withoutSecrets(text, recipient)).toBe(text);
});
