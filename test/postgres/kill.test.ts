import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Pool } from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { answering, Receiver } from '../../src/testing/receiver.ts';
import { SeededRandom } from '../reliability/seeded-random.ts';
import { ownDatabase, until } from './hosts.ts';

const program = fileURLToPath(new URL('./children/kill-host.ts', import.meta.url));
const recipients = 8;
const eventsEach = 150;
const names = ['a', 'b', 'c'];
const kills = 12;
const total = names.length * eventsEach;

/** A process that emits its events in order, and is started again where it was when it is killed. */
class Host {
  acknowledged = 0;
  readonly #args: (first: number) => readonly string[];
  #child: ChildProcess;

  constructor(args: (first: number) => readonly string[]) {
    this.#args = args;
    this.#child = this.#start();
  }

  #start(): ChildProcess {
    const child = fork(program, [...this.#args(this.acknowledged + 1)], { execArgv: [] });
    child.on('message', (order) => {
      this.acknowledged = Number(order);
    });
    return child;
  }

  async kill(): Promise<void> {
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }

  async killAndStartAgain(): Promise<void> {
    await this.kill();
    this.#child = this.#start();
  }
}

async function waiting(pool: Pool): Promise<number> {
  const { rows } = await pool.query(
    'SELECT (SELECT sum(last) FROM outbound_events.tails) - (SELECT sum(settled) FROM outbound_events.queues) AS n',
  );
  return Number(rows[0].n);
}

test('F67: processes that are killed lose nothing, and repeat at most one delivery to each recipient', {
  timeout: 120_000,
}, async () => {
  const database = await ownDatabase();
  const pool = database.pool({ max: 1 });
  const receiver = await Receiver.start(answering(200));
  onTestFinished(() => receiver.close());
  const hosts = names.map(
    (name) =>
      new Host((first) => [
        JSON.stringify(database.config),
        String(recipients),
        receiver.url,
        name,
        String(first),
        String(eventsEach),
      ]),
  );
  onTestFinished(async () => {
    await Promise.all(hosts.map((host) => host.kill().catch(() => {})));
  });
  const random = new SeededRandom(67);
  const acknowledged = (): number => hosts.reduce((sum, host) => sum + host.acknowledged, 0);
  for (let kill = 1; kill <= kills; kill += 1) {
    await until(async () => acknowledged() >= (kill * total) / (kills + 1));
    await hosts[random.between(0, hosts.length - 1)]?.killAndStartAgain();
  }
  await until(async () => acknowledged() === total);
  await receiver.received(recipients * total);
  await until(async () => (await waiting(pool)) === 0);

  for (let index = 0; index < recipients; index += 1) {
    const got = receiver.requests
      .filter(({ target }) => target.endsWith(`/r${index}`))
      .map(({ headers }) => ({ id: headers['webhook-id'] ?? '', sequence: Number(headers['webhook-sequence']) }));
    const sequences = got.map(({ sequence }) => sequence);
    // In order, and each number once but for repetitions of the latest.
    expect(sequences).toEqual(sequences.toSorted((one, other) => one - other));
    expect(new Set(sequences)).toEqual(new Set(Array.from({ length: total }, (_, place) => place + 1)));
    expect(got.length - total).toBeLessThanOrEqual(kills);
    const ids = [...new Map(got.map(({ sequence, id }) => [sequence, id])).values()];
    for (const name of names) {
      expect(ids.filter((id) => id.startsWith(name))).toEqual(
        Array.from({ length: eventsEach }, (_, place) => `${name}-${place + 1}`),
      );
    }
  }
});
