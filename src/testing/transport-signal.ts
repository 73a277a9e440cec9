import { strict as assert } from 'node:assert';
import { getEventListeners } from 'node:events';
import { answering, answeringRaw } from './receiver.ts';
import { assertFailed, soon, type TransportTests } from './transport-subject.ts';

/** What the signal does. */
export const transportSignalTests: TransportTests = {
  'the signal ends an attempt that waits for its answer, and its connection': async (subject) => {
    const receiver = await subject.receiver(() => {});
    const abort = new AbortController();
    const sent = subject.send(receiver.url, { signal: abort.signal });
    await soon(receiver.received(1), 'nothing was sent');
    abort.abort();
    assertFailed(await soon(sent, 'the attempt went on after the signal'), 'ABORTED');
    await soon(receiver.disconnected(), 'the connection stayed open');
  },

  'the signal ends an attempt in the middle of its answer': async (subject) => {
    const receiver = await subject.receiver(answeringRaw('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'));
    const abort = new AbortController();
    const sent = subject.send(receiver.url, { signal: abort.signal });
    await soon(receiver.received(1), 'nothing was sent');
    // By then the beginning of the answer has come; if not, the signal ends the attempt all the same.
    for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    abort.abort();
    assertFailed(await soon(sent, 'the attempt went on after the signal'), 'ABORTED');
    await soon(receiver.disconnected(), 'the connection stayed open');
  },

  'with a signal that has aborted nothing is sent': async (subject) => {
    const receiver = await subject.receiver(answering(200));
    assertFailed(
      await soon(subject.send(receiver.url, { signal: AbortSignal.abort() }), 'the attempt went on'),
      'ABORTED',
    );
    assert.equal((await subject.send(receiver.url)).outcome, 'delivered');
    assert.equal(receiver.requests.length, 1);
  },

  'an attempt that was ended does not end others': async (subject) => {
    let release = (): void => {};
    const receiver = await subject.receiver((response) => {
      release = () => void response.end('ok');
    });
    const held = await subject.receiver(() => {});
    const abort = new AbortController();
    const ended = subject.send(held.url, { signal: abort.signal });
    const other = subject.send(receiver.url);
    await soon(Promise.all([held.received(1), receiver.received(1)]), 'nothing was sent');
    abort.abort();
    assertFailed(await soon(ended, 'the attempt went on after the signal'), 'ABORTED');
    release();
    assert.equal((await other).outcome, 'delivered');
  },

  'no listener stays on the signal when the attempt is over': async (subject) => {
    const receiver = await subject.receiver((response, { target }) => {
      if (target.endsWith('?cut')) response.socket?.destroy();
      else response.end('ok');
    });
    const { signal } = new AbortController();
    await subject.send(receiver.url, { signal });
    await subject.send(`${receiver.url}?cut`, { signal });
    // Clients may take their listeners off a moment after the answer.
    await soon(
      (async () => {
        while (getEventListeners(signal, 'abort').length > 0) await new Promise((resolve) => setImmediate(resolve));
      })(),
      'listeners stay on the signal',
    );
  },
};
