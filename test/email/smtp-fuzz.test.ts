import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { SeededRandom } from '../reliability/seeded-random.ts';
import { attempt, storedEvent, transportTo, unaborted } from './sending.ts';

const dialogues = process.env.TEST_LENGTH === 'long' ? 2_000 : 600;
const atOnce = 40;
const seed = 20_261_125;

/** Where in a dialogue a reply is given. */
type Stage = 'greeting' | 'EHLO' | 'STARTTLS' | 'AUTH' | 'MAIL' | 'RCPT' | 'DATA' | 'dot' | 'QUIT';

/** Replies of relays as they are, by stage. */
const corpus: Readonly<Record<Stage, readonly string[]>> = {
  greeting: ['220 mx.test ESMTP\r\n', '220-mx.test\r\n220-busy today\r\n220 ready\r\n', '220\r\n'],
  EHLO: [
    '250-mx.test\r\n250-PIPELINING\r\n250-SIZE 10000000\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n',
    '250 mx.test\r\n',
    '250-mx.test\r\n250-AUTH PLAIN LOGIN\r\n250 HELP\r\n',
    '250-mx.test\r\n250 SIZE 10\r\n',
  ],
  STARTTLS: ['220 2.0.0 go on\r\n', '454 4.7.0 later\r\n', '220 2.0.0 go on\r\n250 ok\r\n'],
  AUTH: ['235 2.7.0 welcome\r\n', '535 5.7.8 no\r\n', '334 UGFzc3dvcmQ6\r\n'],
  MAIL: ['250 2.1.0 ok\r\n', '250-2.1.0 ok\r\n250 go on\r\n', '451 4.3.0 later\r\n', '550 5.7.1 no\r\n'],
  RCPT: ['250 2.1.5 ok\r\n', '251 forwarded\r\n', '450 4.2.0 greylisted\r\n', '550 5.1.1 unknown\r\n'],
  DATA: ['354 end with <CR><LF>.<CR><LF>\r\n', '354\r\n', '451 4.3.0 later\r\n', '554 5.5.1 no\r\n'],
  dot: ['250 2.0.0 queued as 4711\r\n', '250-2.0.0\r\n250 queued\r\n', '451 4.3.0 later\r\n', '554 5.7.1 spam\r\n'],
  QUIT: ['221 2.0.0 bye\r\n'],
};

const stages = ['EHLO', 'STARTTLS', 'AUTH', 'MAIL', 'RCPT', 'DATA', 'QUIT'] as const;

type Mutation = (bytes: string, random: SeededRandom) => string;

const mutations: readonly Mutation[] = [
  (bytes, random) => changed(bytes, random, String.fromCharCode(random.between(0, 255))),
  (bytes, random) => changed(bytes, random, ''),
  (bytes, random) => bytes.slice(0, random.between(0, bytes.length)),
  (bytes, random) => `${random.between(0, 999)}${bytes.slice(3)}`,
  (bytes) => bytes.replace(/^(\d{3})[ -]/gm, '$1-'),
  (bytes) => bytes.replace(/^(\d{3})-/gm, '$1 '),
  (bytes) => bytes.replace(/^\d{3}[ -]?/gm, ''),
  (bytes) => bytes.replaceAll('\r\n', '\n'),
  (bytes) => bytes.replaceAll('\r\n', '\r'),
  (bytes) => bytes + bytes,
  (bytes, random) => bytes + anyReply(random),
  (bytes, random) => anyReply(random) + bytes,
  (bytes, random) => `${bytes.slice(0, -2)} ${'x'.repeat(random.between(1, 80_000))}\r\n`,
  (_bytes, random) => Array.from({ length: 40 }, () => String.fromCharCode(random.between(0, 255))).join(''),
  (_bytes, random) => anyReply(random),
  () => '',
  () => 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n250\r\n',
  () => '\u0016\u0003\u0001\u0002\u0000\u0001\u0000',
];

function changed(bytes: string, random: SeededRandom, by: string): string {
  const at = random.between(0, Math.max(0, bytes.length - 1));
  return bytes.slice(0, at) + by + bytes.slice(at + 1);
}

function anyReply(random: SeededRandom): string {
  return pick(Object.values(corpus).flat(), random);
}

function pick<Item>(items: readonly Item[], random: SeededRandom): Item {
  return items[random.between(0, items.length - 1)] as Item;
}

/**
 * A mail, and what was said on its connection from its go-ahead up to the next: of what is on the way when the final dot
 * is, nobody can tell that it is no answer to it.
 */
interface Brought {
  /** `null` until the mail has come. */
  event: string | null;
  said: string;
}

/** One relay for a few mails. It says what the dice say, whatever it is told. */
class FuzzedRelay {
  readonly #random: SeededRandom;
  readonly #mutated = new Set<Stage>();
  readonly #brought: Brought[] = [];
  /** For a look at a dialogue that went wrong. */
  readonly log: string[] = [];

  constructor(random: SeededRandom) {
    this.#random = random;
    for (const stage of Object.keys(corpus) as Stage[]) if (random.percent(20)) this.#mutated.add(stage);
  }

  serve(socket: Socket): void {
    let received = '';
    let inMail = false;
    let brought: Brought | undefined;
    let held = Buffer.alloc(0);
    /** What has been said since the last end of a line: what is said next goes on with it. */
    let unfinished = '';
    const write = (count: number): void => {
      if (socket.writable) socket.write(held.subarray(0, count));
      held = held.subarray(count);
    };
    const reply = (stage: Stage): string => {
      const bytes = this.#choose(stage);
      if (brought !== undefined) brought.said += bytes;
      held = Buffer.concat([held, Buffer.from(bytes, 'latin1')]);
      const cut = this.#random.percent(30) ? this.#random.between(0, held.length) : held.length;
      write(cut);
      if (held.length > 0) setImmediate(() => write(held.length));
      if (this.#random.percent(3)) setImmediate(() => socket.end());
      const said = unfinished + bytes;
      unfinished = said.slice(said.lastIndexOf('\n') + 1);
      return said;
    };
    socket.on('error', () => {});
    reply('greeting');
    socket.setEncoding('latin1').on('data', (bytes: string) => {
      received += bytes;
      for (;;) {
        const end = inMail ? '\r\n.\r\n' : '\r\n';
        const at = received.indexOf(end);
        if (at < 0) return;
        const line = received.slice(0, at);
        received = received.slice(at + end.length);
        if (inMail) {
          inMail = false;
          if (brought !== undefined) brought.event = /^Message-ID: <(ev-\d+)\./m.exec(line)?.[1] ?? '';
          reply('dot');
        } else {
          this.log.push(`> ${line.slice(0, 60)}`);
          const verb = line.split(' ')[0]?.toUpperCase();
          const stage = stages.find((each) => each === verb) ?? 'AUTH';
          // A client that was told to go on sends its mail, whatever else it was told.
          const goAhead = /(?:^|\n)354[^\n]*\n?(.*)/s.exec(reply(stage));
          inMail = goAhead !== null && stage === 'DATA';
          if (!inMail) continue;
          brought = { event: null, said: goAhead?.[1] ?? '' };
          this.#brought.push(brought);
        }
      }
    });
  }

  #choose(stage: Stage): string {
    // The first in each list is what lets a mail through: else hardly any would come to its end.
    const plain = this.#random.percent(75) ? String(corpus[stage][0]) : pick(corpus[stage], this.#random);
    const bytes = this.#mutated.has(stage) ? pick(mutations, this.#random)(plain, this.#random) : plain;
    this.log.push(`${stage}: ${JSON.stringify(bytes.slice(0, 120))}`);
    return bytes;
  }

  /** Whether a careful reader may take the mail about an event for accepted: the first reply after it says so, whole. */
  hasAccepted(event: string): boolean {
    const acceptance = /^\s*(?:(2\d\d)-[^\n]*\n(?:\1-[^\n]*\n)*\1|2\d\d)(?: [^\n]*|\s*)\n/;
    return this.#brought.some((mail) => (mail.event ?? event) === event && acceptance.test(mail.said));
  }
}

/** Two mails through one relay; how each of them ended. */
async function talk(number: number): Promise<readonly string[]> {
  const relay = new FuzzedRelay(new SeededRandom(seed + number));
  const server = createServer((socket) => relay.serve(socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const timeouts = { connect: 400, reply: 250, mail: 800, idle: 5_000, quit: 50 };
  const isTlsRequired = number % 10 === 0;
  const auth = number % 3 === 0 ? { user: 'office', pass: 'secret' } : null;
  const startTls = isTlsRequired ? 'required' : 'if-offered';
  const transport = transportTo(port, { auth, startTls }, { timeouts });
  const told = (): string => `seed ${seed + number}\n${relay.log.join('\n')}`;
  const limit = Promise.withResolvers<never>();
  const timer = setTimeout(() => limit.reject(new Error(`went on beyond its limits: ${told()}`)), 15_000);
  const outcomes: string[] = [];
  try {
    for (const id of ['ev-1', 'ev-2']) {
      const sent = transport.send(attempt({ to: ['a@x.test'] }, storedEvent({ id })), { signal: unaborted });
      const result = await Promise.race([sent, limit.promise]);
      if (result.outcome === 'delivered') expect(relay.hasAccepted(id), told()).toBe(true);
      else expect(result.error.code, told()).toMatch(/^SMTP_/);
      outcomes.push(result.outcome);
    }
    if (isTlsRequired) expect(relay.log.join('\n'), told()).not.toMatch(/^> (?:AUTH|MAIL|RCPT|DATA)/m);
    return outcomes;
  } finally {
    clearTimeout(timer);
    await transport.close();
    server.close();
  }
}

test('F64: mutated dialogues of two mails: no crash, none beyond the limits, and delivered only what the relay accepted', async () => {
  const rejections: unknown[] = [];
  const onRejection = (reason: unknown): void => void rejections.push(reason);
  process.on('unhandledRejection', onRejection);
  onTestFinished(() => void process.off('unhandledRejection', onRejection));

  const outcomes = new Map<string, number>();
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < dialogues) {
      for (const outcome of await talk(next++)) outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));

  expect(rejections).toEqual([]);
  // Every outcome has to occur, or the mutations are too mild or too wild to tell anything.
  for (const outcome of ['delivered', 'failed', 'rejected']) expect(outcomes.get(outcome)).toBeGreaterThan(10);
}, 120_000);
