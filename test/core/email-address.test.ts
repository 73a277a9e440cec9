import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAddresses } from '../../src/core/email-address.ts';

function refusal(input: unknown): { code: string; field: string; message: string } {
  try {
    parseAddresses(input, 'to');
  } catch (error) {
    return error as { code: string; field: string; message: string };
  }
  throw new Error(`accepted ${JSON.stringify(input)}`);
}

describe('F85, S13, S14: a list of email addresses', () => {
  it.each([
    ['one address', 'a@example.com', ['a@example.com']],
    ['several, separated by commas', ' a@example.com ,b@example.com', ['a@example.com', 'b@example.com']],
    ['a list', ['a@example.com', ' b@example.com'], ['a@example.com', 'b@example.com']],
    ['every character a dot-string may have', "!#$%&'*+/=?^_`{|}~-.Az09@x.org", ["!#$%&'*+/=?^_`{|}~-.Az09@x.org"]],
    ['a domain without a dot, as intranets have them', 'root@mailhost', ['root@mailhost']],
    ['the domain in lower case, the local part as it is', 'Joe@EXAMPLE.Com', ['Joe@example.com']],
    ['an international domain in ASCII', 'a@bücher.example', ['a@xn--bcher-kva.example']],
    ['a local part outside ASCII', 'müller.日本.δοκ1@example.com', ['müller.日本.δοκ1@example.com']],
    ['the longest local part outside ASCII', `${'é'.repeat(32)}@x.org`, [`${'é'.repeat(32)}@x.org`]],
    ['local parts that differ in case', 'a@x.org,A@x.org', ['a@x.org', 'A@x.org']],
    ['the longest local part', `${'a'.repeat(64)}@x.org`, [`${'a'.repeat(64)}@x.org`]],
    ['the longest label', `a@${'b'.repeat(63)}`, [`a@${'b'.repeat(63)}`]],
    [
      'the longest address',
      `${'a'.repeat(64)}@${'b'.repeat(63)}.${'b'.repeat(63)}.${'b'.repeat(61)}`,
      [`${'a'.repeat(64)}@${'b'.repeat(63)}.${'b'.repeat(63)}.${'b'.repeat(61)}`],
    ],
  ])('may be %s', (_name, input, expected) => {
    expect(parseAddresses(input, 'to')).toEqual(expected);
  });

  it('may hold ten addresses, not eleven', () => {
    const ten = Array.from({ length: 10 }, (_, i) => `a${i}@example.com`);
    expect(parseAddresses(ten, 'to')).toHaveLength(10);
    expect(parseAddresses(ten.join(), 'to')).toHaveLength(10);
    for (const eleven of [[...ten, 'b@example.com'], `${ten},b@example.com`]) {
      expect(refusal(eleven)).toMatchObject({ code: 'ERR_CONFIG_EMAIL', field: 'to' });
      expect(refusal(eleven).message).toBe('to must be 1 to 10 addresses, as a list or separated by commas');
    }
  });

  it.each([undefined, null, 1, {}, [], ''])('is refused as a whole when it is %j', (input) => {
    expect(refusal(input)).toMatchObject({ code: 'ERR_CONFIG_EMAIL', field: 'to' });
  });

  it.each([
    ['nothing', ''],
    ['a trailing comma', 'a@example.com,', 1],
    ['no @', 'example.com'],
    ['no local part', '@example.com'],
    ['no domain', 'a@'],
    ['two @', 'a@b@example.com'],
    ['a display name', 'Joe <a@example.com>'],
    ['angle brackets', '<a@example.com>'],
    ['a quoted local part', '"a b"@example.com'],
    ['a quoted local part with an @', '"a@evil.example"@example.com'],
    ['a space, which mail software reads as a name', 'a b@example.com'],
    ['a comment', 'a(c)@example.com'],
    ['a comment in the domain', 'a@(c)example.com'],
    ['a group', 'team:a@example.com;'],
    ['a semicolon list', 'a@example.com;b@example.com'],
    ['a backslash', 'a\\@example.com'],
    ['a source route', '@a.example:b@example.com'],
    ['a percent sign in the domain', 'a@b%2eexample.com'],
    ['a line break', 'a@example.com\r\nBcc:b@example.com'],
    ['a line break in the local part', 'a\n@example.com'],
    ['a NUL', 'a\0@example.com'],
    ['a DEL', 'a\x7f@example.com'],
    ['a dot at the beginning', '.a@example.com'],
    ['a dot at the end of the local part', 'a.@example.com'],
    ['two dots', 'a..b@example.com'],
    ['two dots in the domain', 'a@example..com'],
    ['a dot before the domain', 'a@.example.com'],
    ['a trailing dot', 'a@example.com.'],
    ['a hyphen before a label', 'a@-example.com'],
    ['a hyphen after a label', 'a@example-.com'],
    ['an underscore in the domain', 'a@my_host'],
    ['an IPv4 literal', 'a@[127.0.0.1]'],
    ['an IPv6 literal', 'a@[IPv6:::1]'],
    ['an IPv4 address', 'a@127.0.0.1'],
    ['a number, which is an IPv4 address to some', 'a@1'],
    ['a hexadecimal IPv4 address', 'a@0x7f.1'],
    ['an IPv4 address in full-width digits', 'a@１２７.０.０.１'],
    ['a port', 'a@example.com:25'],
    ['a path', 'a@example.com/x'],
    ['a soft hyphen in the domain', 'a@exa\u00admple.com'],
    ['a zero-width joiner in the domain', 'a@exa\u200dmple.com'],
    ['a local part in two pieces for one letter', 'a\u0308@example.com'],
    ['a local part in full-width letters', 'ａｂ@example.com'],
    ['a ligature', 'ﬁx@example.com'],
    ['a zero-width space in the local part', 'ä\u200b@example.com'],
    ['a soft hyphen in the local part', 'ä\u00ad@example.com'],
    ['a variation selector in the local part', 'ä\ufe0f@example.com'],
    ['a change of direction in the local part', 'ä\u202eb@example.com'],
    ['an emoji in the local part', '😀@example.com'],
    ['a no-break space in the local part', 'ä\u00a0b@example.com'],
    ['a full-width dot in the local part', 'ä．b@example.com'],
    ['a full-width @', 'ä＠example.com'],
    ['a lone surrogate in the local part', 'ä\ud800@example.com'],
    ['a local part of 65 bytes', `${'é'.repeat(32)}a@example.com`],
    ['a lone surrogate', 'a@\ud800.com'],
    ['a local part of 65', `${'a'.repeat(65)}@example.com`],
    ['a label of 64', `a@${'b'.repeat(64)}.com`],
    ['255 characters', `${'a'.repeat(64)}@${'b'.repeat(63)}.${'b'.repeat(63)}.${'b'.repeat(62)}`],
  ])('is refused with %s', (_name, input, index = 0) => {
    const field = input === '' ? 'to' : `to[${index}]`;
    expect(refusal(input)).toMatchObject({ code: 'ERR_CONFIG_EMAIL', field });
    if (!input.includes(',')) expect(refusal([input])).toMatchObject({ code: 'ERR_CONFIG_EMAIL', field: 'to[0]' });
  });

  it('names the address at fault and what is allowed', () => {
    expect(refusal(['a@example.com', 'Joe <b@example.com>']).message).toBe(
      'to[1] must be a plain address such as "name@example.com", of at most 254 characters; got "Joe <b@example.com>"',
    );
  });

  it.each([1, null, undefined, {}, ['a@example.com'], Symbol.iterator])(
    'is refused with %o where an address should be',
    (item) => {
      expect(refusal(['a@example.com', item])).toMatchObject({ code: 'ERR_CONFIG_EMAIL', field: 'to[1]' });
    },
  );

  it('is refused with a hole in it', () => {
    const holed = ['a@example.com'];
    holed[2] = 'b@example.com';
    expect(refusal(holed)).toMatchObject({ code: 'ERR_CONFIG_EMAIL', field: 'to[1]' });
  });

  it('is refused with commas inside an address of a list', () => {
    expect(refusal(['a@example.com,b@example.com'])).toMatchObject({ field: 'to[0]' });
  });

  it('is refused with an address that is there twice, whatever the case of its domain', () => {
    expect(refusal('a@x.org,b@x.org,a@X.ORG').message).toBe('to[2] must be there only once; got "a@x.org"');
    expect(refusal('a@bücher.example,a@xn--bcher-kva.example')).toMatchObject({ field: 'to[1]' });
  });

  it('is refused at once when it is huge', () => {
    const started = performance.now();
    for (const huge of ['a'.repeat(1e6), `${'a.'.repeat(5e5)}@x.org`, ','.repeat(1e6), `a@${'é'.repeat(1e6)}`]) {
      expect(refusal(huge)).toMatchObject({ code: 'ERR_CONFIG_EMAIL' });
    }
    expect(performance.now() - started).toBeLessThan(200);
  });

  it('never changes what it has accepted when it reads it again', () => {
    const text = fc.oneof(
      fc.emailAddress(),
      fc.string({ unit: 'grapheme' }).map((host) => `a@${host}`),
    );
    fc.assert(
      fc.property(text, (address) => {
        let accepted: readonly string[];
        try {
          accepted = parseAddresses(address, 'to');
        } catch {
          return;
        }
        expect(parseAddresses(accepted, 'to')).toEqual(accepted);
        for (const one of accepted) expect(one).toMatch(/^[\x21-\x7e]{3,254}$/);
      }),
      { numRuns: 2000 },
    );
  });
});
