import { strict as assert } from 'node:assert';
import { isDeepStrictEqual } from 'node:util';
import { answering, type ReceivedRequest } from './receiver.ts';
import type { SendOptions, TransportTests } from './transport-subject.ts';

const event = {
  id: 'event-7',
  data: '{"z":"größer 😀 & = + %20","10":1,"9":[1,2,{"b":1,"a":2}],"a":null,"quoted":"\\"\\\\\\n"}',
};

const firstAt = Date.UTC(2026, 0, 1, 0, 0, 0, 999);
const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

/** One attempt at the same delivery, a minute after the one before it. */
function attempt(number: number, signingSecrets: readonly string[] = []): SendOptions {
  return { number, sequence: 7, event, at: firstAt + (number - 1) * 60_000, signingSecrets };
}

/** Makes sure that two attempts at one delivery sent the same, but for what says which attempt it is. */
function assertSame(first: ReceivedRequest | undefined, second: ReceivedRequest | undefined, number: number): void {
  assert(first && second);
  assert(first.body.length > 0, 'nothing was sent');
  assert(first.body.equals(second.body), `sent ${second.body} after ${first.body}`);
  assert.equal(second.target, first.target);
  assert.deepEqual(Object.keys(second.headers), Object.keys(first.headers));
  const numbers = ['1', String(number)];
  const times = [1, number].map((each) => String(Math.floor((attempt(each).at ?? 0) / 1000)));
  for (const [name, value] of Object.entries(first.headers)) {
    const both = [value, second.headers[name]];
    if (both[0] === both[1] || name === 'webhook-signature') continue;
    if (isDeepStrictEqual(both, numbers) || isDeepStrictEqual(both, times)) continue;
    assert.fail(`header ${name} differs, and is neither the number of the attempt nor its time in seconds`);
  }
}

/** What goes onto the wire. */
export const transportByteTests: TransportTests = {
  'a repeated attempt sends the same bytes, but for its number and its time': async (subject) => {
    const receiver = await subject.receiver(answering(500));
    for (const number of [1, 2, 3]) await subject.send(receiver.url, attempt(number));
    const [first, second, third] = receiver.requests;
    assertSame(first, second, 2);
    assertSame(first, third, 3);
  },

  'a repeated attempt that is signed differs in its signature, too, and in nothing else': async (subject) => {
    const receiver = await subject.receiver(answering(500));
    for (const number of [1, 2]) await subject.send(receiver.url, attempt(number, [secret]));
    const [first, second] = receiver.requests;
    assertSame(first, second, 2);
  },

  'another process sends the same bytes, but for the number and the time': async (subject) => {
    const receiver = await subject.receiver(answering(500));
    await subject.send(receiver.url, attempt(1));
    const another = await subject.createTransport();
    await subject.sendWith(another, receiver.url, attempt(2));
    assertSame(receiver.requests[0], receiver.requests[1], 2);
  },

  'the id of the event is in the request': async (subject) => {
    const receiver = await subject.receiver(answering(200));
    await subject.send(receiver.url, { event: { id: 'Event_1-x' } });
    const [request] = receiver.requests;
    assert(request && `${Object.values(request.headers)} ${request.body}`.includes('Event_1-x'));
  },

  'path and query go out byte for byte': async (subject) => {
    const receiver = await subject.receiver(answering(200));
    const targets = [
      '/hook?appliance_id=7&token=a%2Fb',
      "/a/../b/./c?x=%7e&y=+%20&&z='(*)!&=&?",
      '/?',
      '/hook?a=b?c=d',
    ];
    for (const target of targets) await subject.send(new URL(receiver.url).origin + target);
    assert.deepEqual(
      receiver.requests.map(({ target }) => target),
      targets,
    );
  },

  'a large event is sent whole': async (subject) => {
    const receiver = await subject.receiver(answering(200));
    const text = 'größer 😀 '.repeat(50_000);
    const result = await subject.send(receiver.url, { event: { data: JSON.stringify({ text }) } });
    assert.equal(result.outcome, 'delivered');
    assert((receiver.requests[0]?.body.length ?? 0) > Buffer.byteLength(text));
  },
};
