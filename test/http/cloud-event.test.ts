import { CloudEvent, HTTP } from 'cloudevents';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished, test } from 'vitest';
import type { StoredEvent } from '../../src/core/event.ts';
import { cloudEventHeaders } from '../../src/http/cloud-event.ts';
import type { HttpTransportOptions } from '../../src/http.ts';
import { storedEvent } from '../../src/testing/builders.ts';
import { answering, type ReceivedRequest, Receiver } from '../../src/testing/receiver.ts';
import { httpTransport } from './receivers.ts';
import { send } from './sending.ts';

/** What a receiver gets of an event in this format. */
async function received(event: Partial<StoredEvent>, options?: HttpTransportOptions): Promise<ReceivedRequest> {
  const receiver = await Receiver.start(answering(200));
  onTestFinished(() => receiver.close());
  await send(httpTransport(options), { url: receiver.url, format: 'cloudevents' }, { event });
  const [request] = receiver.requests;
  if (request === undefined) throw new Error('nothing arrived');
  return request;
}

/** The event as the library of the specification reads it, which also finds it to be valid. */
function parsed({ headers, body }: Pick<ReceivedRequest, 'headers' | 'body'>): CloudEvent<unknown> {
  const event = HTTP.toEvent({ headers: { ...headers }, body: String(body) });
  if (!(event instanceof CloudEvent)) throw new Error('not one event');
  expect(event.validate()).toBe(true);
  return event;
}

/** Undoes the encoding of a header's value, as the binding has it for receivers. */
function decoded(value: string | undefined): string {
  return decodeURIComponent(value ?? '');
}

describe('a CloudEvent', () => {
  it('is read as what was emitted', async () => {
    const data = { name: 'Zoë 漢 😀', list: [1, null, { a: true }], text: 'quote " percent % space' };
    const request = await received({
      id: 'order-7_paid',
      type: 'order:paid.EU-1_x',
      version: '3',
      occurredAt: Date.UTC(2026, 0, 2, 3, 4, 5, 6),
      data: JSON.stringify(data),
    });
    expect({ ...parsed(request) }).toEqual({
      specversion: '1.0',
      id: 'order-7_paid',
      source: '/outbound-events',
      type: 'order:paid.EU-1_x',
      time: '2026-01-02T03:04:05.006Z',
      datacontenttype: 'application/json',
      dataversion: '3',
      data,
    });
  });

  it('has the stored data as its body, byte for byte', async () => {
    const data = '{ "b":1, "1":1.0, "big":12345678901234567890, "u":"\\u00fc", "ü":"😀" }';
    const { body, headers } = await received({ data });
    expect(body.equals(Buffer.from(data))).toBe(true);
    expect(headers).toMatchObject({ 'content-type': 'application/json', 'content-length': String(body.length) });
  });

  it('has the headers of every request, too, and no other attribute', async () => {
    const { headers } = await received({ id: 'event-7' });
    expect(headers).toMatchObject({
      'webhook-id': 'event-7',
      'webhook-timestamp': '1767225600',
      'webhook-sequence': '1',
      'webhook-attempt': '1',
    });
    expect(Object.keys(headers).filter((name) => name.startsWith('ce-'))).toEqual([
      'ce-specversion',
      'ce-id',
      'ce-source',
      'ce-type',
      'ce-time',
      'ce-dataversion',
    ]);
  });

  it('comes from the source that the host has named', async () => {
    const source = 'https://appliance.example.com/a%20b?site=7';
    const { headers, body } = await received({}, { source });
    expect(headers['ce-source']).toBe('https://appliance.example.com/a%2520b?site=7');
    const asSent = parsed({ headers: { ...headers, 'ce-source': decoded(headers['ce-source']) }, body });
    expect(asSent.source).toBe(source);
  });

  it('has no time where RFC 3339 has no way to write it', () => {
    const timeOf = (occurredAt: number) => cloudEventHeaders(storedEvent({ occurredAt }), '/')['ce-time'];
    expect(timeOf(Date.UTC(9999, 11, 31, 23, 59, 59, 999))).toBe('9999-12-31T23:59:59.999Z');
    expect(timeOf(Date.UTC(10_000, 0))).toBeUndefined();
    expect(timeOf(Date.parse('0000-01-01T00:00:00Z'))).toBe('0000-01-01T00:00:00.000Z');
    expect(timeOf(Date.parse('0000-01-01T00:00:00Z') - 1)).toBeUndefined();
  });

  it('is refused for a source that is none', () => {
    const refused = expect.objectContaining({ code: 'ERR_CONFIG_VALUE', field: 'source' });
    expect(() => httpTransport({ source: 'not a source' })).toThrow(refused);
  });
});

describe('an attribute', () => {
  const versionHeader = (version: string) => cloudEventHeaders(storedEvent({ version }), '/')['ce-dataversion'];

  it.each([
    // The example of the binding.
    ['Euro € 😀', 'Euro%20%E2%82%AC%20%F0%9F%98%80'],
    ['1.0-beta+7', '1.0-beta+7'],
    ["!#$&'()*+,-./:;<=>?@[\\]^_`{|}~", "!#$&'()*+,-./:;<=>?@[\\]^_`{|}~"],
    ['"50 %"', '%2250%20%25%22'],
    ['a\u007f\u0000\r\n', 'a%7F%00%0D%0A'],
  ])('%j is sent as %j', (version, header) => {
    expect(versionHeader(version)).toBe(header);
  });

  test('of whatever text is printable ASCII, and can be decoded', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (version) => {
        const header = versionHeader(version) ?? '';
        expect(header).toMatch(/^(?:[!#$&-~]|%[0-9A-F]{2})*$/);
        expect(decoded(header)).toBe(version);
      }),
    );
  });

  test('of whatever event the catalog can name is read as it was', () => {
    const type = fc.stringMatching(/^[A-Za-z0-9_.:-]{1,128}$/);
    const id = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/);
    const value = fc.oneof(fc.string({ unit: 'grapheme' }), fc.integer(), fc.boolean(), fc.constant(null));
    fc.assert(
      fc.property(type, id, fc.dictionary(fc.string({ unit: 'grapheme' }), value), (each, eventId, data) => {
        const stored = storedEvent({ type: each, id: eventId, data: JSON.stringify(data) });
        const headers = { 'content-type': 'application/json', ...cloudEventHeaders(stored, '/a') };
        const event = parsed({ headers, body: Buffer.from(stored.data) });
        expect(event).toMatchObject({ type: each, id: eventId, source: '/a' });
        expect(event.data).toEqual(JSON.parse(stored.data));
      }),
    );
  });
});
