import { parse } from 'node:querystring';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StoredEvent } from '../../src/core/event.ts';
import type { Json } from '../../src/core/json.ts';
import { requestBody } from '../../src/http/request-body.ts';
import { storedEvent } from '../../src/testing/builders.ts';

const occurredAt = Date.UTC(2026, 0, 2, 3, 4, 5, 999);

function formText(event: Partial<StoredEvent>): string {
  return requestBody(storedEvent({ occurredAt, type: 'support_conference_end', ...event }), 'form').text;
}

function jsonText(event: Partial<StoredEvent>): string {
  return requestBody(storedEvent({ occurredAt, type: 'support_conference_end', ...event }), 'json').text;
}

describe('a form body', () => {
  it('is announced as what receivers read form fields from', () => {
    expect(requestBody(storedEvent(), 'form').contentType).toBe('application/x-www-form-urlencoded');
  });

  it('has event, version and timestamp in whole seconds, then the variables in stored order', () => {
    expect(formText({ version: '3', data: '{"lsid":"d41d8c","external_key":"T-7"}' })).toBe(
      'event=support_conference_end&version=3&timestamp=1767323045&lsid=d41d8c&external_key=T-7',
    );
  });

  it('keeps the standard variables in front of variables whose names are whole numbers', () => {
    expect(formText({ data: '{"7":"seven"}' })).toBe(
      'event=support_conference_end&version=1&timestamp=1767323045&7=seven',
    );
  });

  it.each<[what: string, value: Json, field: string]>([
    ['text with reserved characters', 'a b&c=d+e%f#g', 'a+b%26c%3Dd%2Be%25f%23g'],
    ['text outside ASCII, as UTF-8', 'Zoë 漢 😀', 'Zo%C3%AB+%E6%BC%A2+%F0%9F%98%80'],
    ['line breaks', 'a\r\nb\nc', 'a%0D%0Ab%0Ac'],
    ['a NUL', 'a\0b', 'a%00b'],
    ['empty text', '', ''],
    ['null, as an empty field', null, ''],
    ['a number', 12.5, '12.5'],
    ['a large number', 1e21, '1e%2B21'],
    ['true', true, 'true'],
    ['false', false, 'false'],
    ['a list, as JSON', ['a', 1, null], '%5B%22a%22%2C1%2Cnull%5D'],
    ['an object, as JSON', { a: { b: 'ü' } }, '%7B%22a%22%3A%7B%22b%22%3A%22%C3%BC%22%7D%7D'],
  ])('carries %s', (_, value, field) => {
    expect(
      formText({ data: JSON.stringify({ value }) })
        .split('&')
        .at(-1),
    ).toBe(`value=${field}`);
  });

  it('is read back by another form parser as exactly the documented variables', () => {
    const text = fc.string({ unit: 'grapheme' });
    const names = text.filter((name) => !['event', 'version', 'timestamp', '__proto__'].includes(name));
    const value = fc.oneof(
      text,
      fc.constant(null),
      fc.boolean(),
      fc.integer(),
      fc.array(text),
      fc.dictionary(names, text),
    );
    fc.assert(
      fc.property(fc.dictionary(names, value), (data) => {
        const fields = parse(formText({ data: JSON.stringify(data) }), '&', '=', { maxKeys: 0 });
        const expected = Object.entries(data).map(([name, each]) => [
          name,
          typeof each === 'string'
            ? each
            : each === null
              ? ''
              : typeof each === 'object'
                ? JSON.stringify(each)
                : `${each}`,
        ]);
        expect({ ...fields }).toEqual({
          event: 'support_conference_end',
          version: '1',
          timestamp: '1767323045',
          ...Object.fromEntries(expected),
        });
      }),
    );
  });
});

describe('a JSON body', () => {
  it('is announced as JSON', () => {
    expect(requestBody(storedEvent(), 'json').contentType).toBe('application/json');
  });

  it('holds the id, the standard variables and the data', () => {
    expect(jsonText({ id: 'e-1', version: '2', data: '{"lsid":"d41d8c"}' })).toBe(
      '{"id":"e-1","event":"support_conference_end","version":"2","timestamp":1767323045,"data":{"lsid":"d41d8c"}}',
    );
  });

  it('contains the stored data byte for byte, also where writing it anew would change it', () => {
    const data = '{ "b":1, "1":1.0, "big":12345678901234567890, "e":1E2, "u":"\\u00fc", "b":2 }';
    expect(jsonText({ data })).toContain(`"data":${data}}`);
  });

  it('is JSON whatever the names hold', () => {
    const type = 'quote " and \\ backslash';
    expect(JSON.parse(jsonText({ type, data: '{"n":null}' }))).toMatchObject({ event: type, data: { n: null } });
  });
});
