import { strict as assert } from 'node:assert';
import { answering, type ReceivedRequest } from './receiver.ts';
import type { TransportTests } from './transport-subject.ts';

const event = {
  id: 'event-7',
  data: '{"z":"größer 😀 & = + %20","10":1,"9":[1,2,{"b":1,"a":2}],"a":null,"quoted":"\\"\\\\\\n"}',
};

/** Makes sure that two attempts at one delivery sent the same, but for the number of the attempt. */
function assertSame(first: ReceivedRequest | undefined, second: ReceivedRequest | undefined, number: number): void {
  assert(first && second);
  assert(first.body.length > 0, 'nothing was sent');
  assert(first.body.equals(second.body), `sent ${second.body} after ${first.body}`);
  assert.equal(second.target, first.target);
  assert.deepEqual(Object.keys(second.headers), Object.keys(first.headers));
  for (const [name, value] of Object.entries(first.headers)) {
    if (second.headers[name] === value) continue;
    assert.deepEqual([value, second.headers[name]], ['1', String(number)], `header ${name} is no attempt number`);
  }
}

/** What goes onto the wire. */
export const transportByteTests: TransportTests = {
  'a repeated attempt sends the same bytes, but for its number': async (subject) => {
    const receiver = await subject.receiver(answering(500));
    for (const number of [1, 2, 3]) await subject.send(receiver.url, { number, sequence: 7, event });
    const [first, second, third] = receiver.requests;
    assertSame(first, second, 2);
    assertSame(first, third, 3);
  },

  'another process sends the same bytes, but for the number': async (subject) => {
    const receiver = await subject.receiver(answering(500));
    await subject.send(receiver.url, { number: 1, sequence: 7, event });
    const another = await subject.createTransport();
    await subject.sendWith(another, receiver.url, { number: 2, sequence: 7, event });
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
