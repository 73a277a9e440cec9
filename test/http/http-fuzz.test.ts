import { createServer, type Socket } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { SendResult } from '../../src/core/transport.ts';
import { SeededRandom } from '../reliability/seeded-random.ts';
import { type Broadcast, mutatedBroadcast } from './fuzz/mutate.ts';
import { rawAnswers } from './fuzz/raw-answers.ts';
import { isComplete200 } from './fuzz/strict-reader.ts';
import { listening } from './receivers.ts';
import { send } from './sending.ts';
import { HttpTransport } from './transport.ts';

// `npm run test:long` has 10,000 of them; FUZZ_SEED=… has others.
const runs = Number(process.env.FUZZ_RUNS ?? (process.env.TEST_LENGTH === 'long' ? 10_000 : 2_500));

/** Of what is never answered whole, hundreds have to wait for it. */
const timeout = 1_000;
const inFlight = 64;

/** What an attempt may take beyond its limit, besides the time the process stood still, beside so many others. */
const graceMs = 5_000;

/** Answers each request with the broadcast that its path names. */
async function broadcaster(broadcastOf: (index: number) => Broadcast): Promise<number> {
  const server = createServer({ noDelay: true }, (socket) => {
    let received = '';
    socket.on('error', () => {});
    socket.setEncoding('latin1').on('data', (chunk) => {
      received += chunk;
      const [head, index] = /^POST \/(\d+) [\s\S]*\r\n\r\n/.exec(received) ?? [];
      if (head === undefined || received.length < head.length + contentLength(head)) return;
      received = '';
      void broadcast(socket, broadcastOf(Number(index)));
    });
  });
  return Number(new URL(`http://${await listening(server)}`).port);
}

function contentLength(head: string): number {
  return Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1]);
}

async function broadcast(socket: Socket, { packets, ending }: Broadcast): Promise<void> {
  for (const packet of packets) {
    socket.write(packet, 'latin1');
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (ending === 'end') socket.end();
  if (ending === 'reset') socket.resetAndDestroy();
}

interface Case {
  readonly sent: Broadcast;
  readonly result: SendResult;
  readonly tookMs: number;
}

/** Sends an event for each broadcast, many at a time, each to a host of its own, so that none shares a connection. */
async function answersTo(broadcasts: readonly Broadcast[], timeout: number): Promise<readonly Case[]> {
  const port = await broadcaster((index) => broadcasts[index] as Broadcast);
  const left = broadcasts.entries();
  const cases: Case[] = [];
  const work = async (): Promise<void> => {
    const transport = new HttpTransport({
      allowedNetworks: ['loopback'],
      lookup: (_name, _options, callback) => callback(null, '127.0.0.1', 4),
    });
    for (const [index, sent] of left) {
      const startedAt = performance.now();
      const result = await send(transport, { url: `http://host-${index}.example:${port}/${index}`, timeout });
      cases.push({ sent, result, tookMs: performance.now() - startedAt });
    }
    await transport.close();
  };
  await Promise.all(Array.from({ length: inFlight }, work));
  return cases;
}

function whole({ bytes, ends }: (typeof rawAnswers)[number]): Broadcast {
  return { packets: [bytes], ending: ends ? 'end' : 'stay' };
}

describe('raw answers', () => {
  it('of 200 that are whole are delivered, and no others', async () => {
    expect(rawAnswers.length).toBeGreaterThanOrEqual(60);
    for (const { sent, result } of await answersTo(rawAnswers.map(whole), 20_000)) {
      const statuses = [...sent.packets.join('').matchAll(/(?:^|\r\n\r\n)HTTP\/1\.\d ([2-9]\d\d|101)/g)];
      const expected = statuses[0]?.[1] === '200' ? 'delivered' : 'failed';
      expect([expected, result.outcome, isComplete200(sent)], JSON.stringify({ sent, result })).toEqual([
        expected,
        expected,
        expected === 'delivered',
      ]);
    }
  });

  it('F40: those that were hurt at random crash nothing, hold nothing up, and are delivered only when whole', async () => {
    const seed = Number(process.env.FUZZ_SEED ?? 1);
    const random = new SeededRandom(seed);
    const uncaught: unknown[] = [];
    const note = (error: unknown): void => void uncaught.push(error);
    for (const name of ['uncaughtException', 'unhandledRejection'] as const) {
      process.on(name, note);
      onTestFinished(() => void process.off(name, note));
    }
    const broadcasts = Array.from({ length: runs }, () => mutatedBroadcast(random));
    const delay = monitorEventLoopDelay();
    delay.enable();
    const cases = await answersTo(broadcasts, timeout);
    delay.disable();
    const latestMs = timeout + graceMs + delay.max / 1e6;
    const said = (one: Case): string => `FUZZ_SEED=${seed} ${JSON.stringify(one)}`;
    const byMistake = cases.filter(({ sent, result }) => result.outcome === 'delivered' && !isComplete200(sent));
    const late = cases.filter(({ tookMs }) => tookMs > latestMs);
    expect(byMistake.slice(0, 3).map(said)).toEqual([]);
    expect(late.slice(0, 3).map(said)).toEqual([]);
    expect(uncaught, `FUZZ_SEED=${seed}`).toEqual([]);
    expect(cases).toHaveLength(broadcasts.length);
  }, 120_000);
});
