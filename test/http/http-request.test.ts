import { describe, expect, it } from 'vitest';
import { answerText, httpTransport, rawReceiver } from './receivers.ts';
import { send } from './sending.ts';

function receiver() {
  return rawReceiver((socket) => socket.write(answerText(200)));
}

describe('the request', () => {
  it('is a POST of the form fields with our headers', async () => {
    const { url, requests } = await receiver();
    const event = { id: 'event-7', type: 'support_conference_end', data: '{"lsid":"d41d8c","name":"Zoë"}' };
    const occurredAt = Date.UTC(2026, 0, 1);
    const result = await send(
      httpTransport(),
      { url },
      {
        sequence: 12,
        number: 3,
        at: occurredAt + 86_400_999,
        event: { ...event, occurredAt },
      },
    );
    expect(result).toEqual({ outcome: 'delivered', response: { status: 200, text: 'ok' } });
    const body = 'event=support_conference_end&version=1&timestamp=1767225600&lsid=d41d8c&name=Zo%C3%AB';
    const [head = '', sentBody] = (requests[0] ?? '').split('\r\n\r\n');
    expect(sentBody).toBe(body);
    expect(head.split('\r\n')[0]).toBe('POST /hook HTTP/1.1');
    expect(headersOf(head)).toEqual({
      host: new URL(url).host,
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': String(body.length),
      'user-agent': expect.stringMatching(/^outbound-events\/\d+\.\d+\.\d+/),
      'webhook-id': 'event-7',
      'webhook-timestamp': '1767312000',
      'webhook-sequence': '12',
      'webhook-attempt': '3',
      connection: 'keep-alive',
    });
  });

  it('is JSON where the recipient wants that, with the stored data as it is', async () => {
    const { url, requests } = await receiver();
    await send(httpTransport(), { url, format: 'json' }, { event: { data: '{"1":1.0, "ü":"\\u00fc"}' } });
    const [head = '', body] = Buffer.from(requests[0] ?? '', 'latin1')
      .toString()
      .split('\r\n\r\n');
    expect(headersOf(head)['content-type']).toBe('application/json');
    expect(body).toBe(
      '{"id":"event-1","event":"order.paid","version":"1","timestamp":1767225600,"data":{"1":1.0, "ü":"\\u00fc"}}',
    );
  });

  it('has the recipient’s own headers, too', async () => {
    const { url, requests } = await receiver();
    const headers = { 'x-token': 'abc', authorization: 'Bearer xyz', 'user-agent': 'appliance' };
    await send(httpTransport(), { url, headers });
    expect(headersOf(requests[0] ?? '')).toMatchObject(headers);
  });

  it('differs in number and time of the attempt only, when it is repeated', async () => {
    const { url, requests } = await receiver();
    const transport = httpTransport();
    await send(transport, { url }, { number: 1, at: 1_767_312_000_000 });
    await send(transport, { url }, { number: 2, at: 1_767_312_060_000 });
    const repeated = requests[0]
      ?.replace('webhook-attempt: 1', 'webhook-attempt: 2')
      .replace('webhook-timestamp: 1767312000', 'webhook-timestamp: 1767312060');
    expect(requests[1]).toBe(repeated);
  });
});

describe('the URL', () => {
  it('goes out byte for byte: path and query as they were given', async () => {
    const { url, requests } = await receiver();
    const given = '/a/../it\'s?appliance_id=7&q=a|b{c}"d"<e>^`%zz%2f[]';
    await send(httpTransport(), { url: new URL(url).origin + given });
    expect(requests[0]?.split('\r\n')[0]).toBe(`POST ${given} HTTP/1.1`);
  });

  it('is encoded where it could not be sent otherwise', async () => {
    const { url, requests } = await receiver();
    await send(httpTransport(), { url: `${url}/größe?q=a b` });
    expect(requests[0]?.split('\r\n')[0]).toBe('POST /hook/gr%C3%B6%C3%9Fe?q=a%20b HTTP/1.1');
  });

  it('loses its fragment', async () => {
    const { url, requests } = await receiver();
    await send(httpTransport(), { url: `${url}?a=1#part` });
    expect(requests[0]?.split('\r\n')[0]).toBe('POST /hook?a=1 HTTP/1.1');
  });

  it('has its credentials sent as a header', async () => {
    const { url, requests } = await receiver();
    await send(httpTransport(), { url: url.replace('http://', 'http://us%40er:p%C3%A4ss@') });
    expect(requests[0]?.split('\r\n')[0]).toBe('POST /hook HTTP/1.1');
    expect(headersOf(requests[0] ?? '')).toMatchObject({
      authorization: `Basic ${Buffer.from('us@er:päss').toString('base64')}`,
      host: new URL(url).host,
    });
  });
});

function headersOf(head: string): Record<string, string> {
  const lines = head.split('\r\n\r\n', 1)[0]?.split('\r\n').slice(1) ?? [];
  const pairs = lines.map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  expect(new Set(pairs.map(([name]) => name)).size).toBe(pairs.length);
  return Object.fromEntries(pairs);
}
