import { strict as assert } from 'node:assert';
import type { Socket } from 'node:net';
import { answering, answeringRaw, type ReceiverAnswer } from './receiver.ts';
import { assertFailed, shortTimeoutMs, soon, type TransportTests } from './transport-subject.ts';

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/** Answers the first request, and does something else with all others. */
function firstAnswered(otherwise: (socket: Socket | null) => void): ReceiverAnswer {
  let count = 0;
  return (response, request) => {
    count += 1;
    if (count === 1) answering(200)(response, request);
    else otherwise(response.socket);
  };
}

const large = { data: JSON.stringify({ text: 'x'.repeat(16 * 1024 * 1024) }) };

/** What happens to connections, and what is made of those that were kept. */
export const transportConnectionTests: TransportTests = {
  'a connection that is closed or reset at once fails (F36)': async (subject) => {
    for (const leave of [(socket: Socket) => socket.destroy(), (socket: Socket) => socket.resetAndDestroy()]) {
      const receiver = await subject.rawReceiver(leave);
      assertFailed(await subject.send(receiver.url), 'CONNECT_RESET');
      assert.equal(receiver.connections, 1, 'an attempt is one request');
    }
  },

  'a receiver that stops reading is left when the time is over (F35)': async (subject) => {
    const receiver = await subject.rawReceiver(() => {});
    assertFailed(await subject.send(receiver.url, { event: large, timeoutMs: 1_000 }), 'TIMEOUT_RESPONSE');
  },

  'a receiver that has fallen silent gets a new connection (F35)': async (subject) => {
    const receiver = await subject.receiver((response, { target }) => {
      if (!target.endsWith('?silent')) response.end('ok');
    });
    assert.equal((await subject.send(receiver.url)).outcome, 'delivered');
    assertFailed(await subject.send(`${receiver.url}?silent`, { timeoutMs: shortTimeoutMs }), 'TIMEOUT_RESPONSE');
    const before = receiver.connections;
    assert.equal((await subject.send(receiver.url, { timeoutMs: 2_000 })).outcome, 'delivered');
    assert.equal(receiver.connections, before + 1);
    assert.equal(receiver.requests.length, 3, 'an attempt is one request');
  },

  'a kept connection that closes unanswered costs one request more at most (F37)': async (subject) => {
    for (const leave of [(socket: Socket | null) => socket?.end(), (socket: Socket | null) => socket?.destroy()]) {
      const receiver = await subject.receiver(firstAnswered(leave));
      assert.equal((await subject.send(receiver.url)).outcome, 'delivered');
      assertFailed(await subject.send(receiver.url), 'CONNECT_RESET');
      assert(receiver.requests.length <= 3, `${receiver.requests.length - 1} requests in one attempt`);
    }
  },

  'a receiver that had begun to answer, or had its time, is not asked again (F37)': async (subject) => {
    const beginning = (text: string) => firstAnswered((socket) => void socket?.end(text));
    for (const answer of [beginning('H'), beginning('HTTP/1.1 100 Continue\r\n\r\n'), firstAnswered(() => {})]) {
      const receiver = await subject.receiver(answer);
      assert.equal((await subject.send(receiver.url)).outcome, 'delivered');
      assertFailed(await subject.send(receiver.url, { timeoutMs: shortTimeoutMs }));
      assert.equal(receiver.requests.length, 2);
    }
  },

  'a receiver that closes after each answer without saying so loses no event (F37)': async (subject) => {
    const receiver = await subject.receiver(({ socket }) => void socket?.end(ok));
    let delivered = 0;
    for (let sequence = 1; sequence <= 20; sequence += 1) {
      const result = await subject.send(receiver.url, { sequence });
      if (result.outcome === 'delivered') delivered += 1;
      else assertFailed(result, 'CONNECT_RESET');
    }
    assert(delivered > 0 && receiver.requests.length >= delivered, `${receiver.requests.length} of ${delivered} came`);
  },

  'what follows an answer is no answer to the next attempt (F41)': async (subject) => {
    for (const more of [ok, '\r\nHTTP/1.1 200 OK\r\n\r\n', 'HTTP/1.1 100 Continue\r\n\r\n']) {
      const answers = [answeringRaw(ok + more), answering(503)];
      const receiver = await subject.receiver((response, request) => answers.shift()?.(response, request));
      // A reader may as well take all of it for no answer.
      const first = await subject.send(receiver.url);
      if (first.outcome !== 'delivered') assertFailed(first, 'HTTP_MALFORMED');
      assertFailed(await subject.send(receiver.url), 'HTTP_STATUS');
    }
  },

  'an answer before the request was read is none to the next attempt (F41)': async (subject) => {
    const receiver = await subject.rawReceiver((socket, count) => {
      socket.write(count === 1 ? ok : 'HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n');
      if (count > 1) socket.resume();
    });
    const first = await subject.send(receiver.url, { event: large, timeoutMs: 5_000 });
    if (first.outcome !== 'delivered') assertFailed(first, 'CONNECT_RESET', 'TIMEOUT_RESPONSE');
    assertFailed(await subject.send(receiver.url), 'HTTP_STATUS');
    assert.equal(receiver.connections, 2);
  },

  'an upgrade fails, and its connection is not kept (F32)': async (subject) => {
    const head = 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n';
    const receiver = await subject.receiver(answeringRaw(head));
    assertFailed(await subject.send(receiver.url));
    await soon(receiver.disconnected(), 'the connection stayed open');
  },
};
