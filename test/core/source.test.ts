import { CloudEvent } from 'cloudevents';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { parseSource } from '../../src/core/source.ts';
import { refusal, secret } from './refusal.ts';

describe('the source of events', () => {
  it('is ours when nothing is said', () => {
    expect(parseSource(undefined, 'source')).toBe('/outbound-events');
  });

  it.each([
    'https://appliance.example.com',
    'https://appliance.example.com:8443/site/7?region=eu',
    'urn:uuid:019abf6e-3c1a-7c5e-9d0b-5b8d6f6f1a2c',
    'mailto:ops@example.com',
    'tag:example.com,2026:appliance-7',
    '/appliances/7',
    '/größe'.replace('ö', '%C3%B6').replace('ß', '%C3%9F'),
    '/',
    `/${'x'.repeat(199)}`,
  ])('may be %s, and stays as it was given', (source) => {
    expect(parseSource(source, 'source')).toBe(source);
  });

  it.each<[unknown]>([
    [''],
    [' '],
    [null],
    [7],
    [['/a']],
    ['appliance-7'],
    ['appliance.example.com/7'],
    ['//appliance.example.com'],
    ['https://'],
    ['https://appliance.example.com:port/'],
    [`/${secret} x`],
    [`/${secret}"`],
    ['/größe'],
    ['/100%'],
    [`/a\r\nce-type: ${secret}`],
    [`/${secret}#part`],
    [`/${secret.padEnd(200, 'x')}`],
  ])('is refused as %j, and not shown', (source) => {
    expect(refusal(() => parseSource(source, 'source'))).toMatchObject({ code: 'ERR_CONFIG_VALUE', field: 'source' });
  });

  test('whatever is taken is a URI-reference to the CloudEvents library', () => {
    const part = fc.string({ unit: fc.constantFrom(...'ab1.:/?@!%20-_~#[]é '), maxLength: 12 });
    let taken = 0;
    fc.assert(
      fc.property(fc.constantFrom('/', 'urn:', 'https://', 'a+b:', ''), part, (head, tail) => {
        let source: string;
        try {
          source = parseSource(head + tail, 'source');
        } catch {
          return;
        }
        taken += 1;
        expect(new CloudEvent({ id: '1', type: 't', source }).validate()).toBe(true);
      }),
      { numRuns: 2_000 },
    );
    expect(taken).toBeGreaterThan(100);
  });
});
