import { strict as assert } from 'node:assert';
import { attemptAt } from './builders.ts';
import { answering } from './receiver.ts';
import { soon, type TransportTests } from './transport-subject.ts';

/** What is left when a transport was closed: nothing. */
export const transportCloseTests: TransportTests = {
  'closing leaves no connection open': async (subject) => {
    const receiver = await subject.receiver(answering(200));
    await Promise.all([subject.send(receiver.url), subject.send(receiver.url), subject.send(receiver.url)]);
    await subject.send(receiver.url);
    await (await subject.transport()).close();
    await soon(receiver.disconnected(), 'a connection stayed open');
  },

  'nothing is sent after closing': async (subject) => {
    const receiver = await subject.receiver(answering(200));
    const transport = await subject.transport();
    await subject.send(receiver.url);
    await transport.close();
    const { signal } = new AbortController();
    const outcome = await transport.send(attemptAt(subject.recipient(receiver.url)), { signal }).then(
      (result) => result.outcome,
      () => 'failed',
    );
    assert.equal(outcome, 'failed');
    assert.equal(receiver.requests.length, 1);
  },

  'a transport that was never used can be closed, and a closed one again': async (subject) => {
    const transport = await subject.transport();
    await transport.close();
    await transport.close();
  },
};
