import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

/** What the relay does at a step: replies with these lines, closes the connection, or says nothing at all. */
export type Reaction = string | 'drop' | 'silence';

/** What is not given is accepted. */
export interface RelayScript {
  readonly greeting?: Reaction;
  /** Extensions to announce, such as `PIPELINING`. */
  readonly extensions?: readonly string[];
  readonly ehlo?: Reaction;
  readonly starttls?: Reaction;
  readonly auth?: Reaction;
  readonly mail?: Reaction;
  readonly rcpt?: Reaction | ((address: string) => Reaction);
  readonly data?: Reaction;
  readonly dot?: Reaction;
  readonly quit?: Reaction;
}

export interface TakenMail {
  readonly from: string;
  readonly to: readonly string[];
  /** Between DATA and the final dot, as it was on the wire. */
  readonly raw: string;
}

/** A relay of which every byte is known: the commands it was sent, and the mails it took. */
export class ScriptedRelay {
  /** May be changed between connections. */
  script: RelayScript;
  /** Every line the client sent outside of mails. */
  readonly commands: string[] = [];
  readonly mails: TakenMail[] = [];
  /** Mails that came to their final dot, taken or not. */
  dots = 0;
  /** Bytes of a reply that are written at a time. */
  chunk = Number.POSITIVE_INFINITY;
  /** Connections open now, and the most there ever were at a time. */
  open = 0;
  mostOpen = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #wake = Promise.withResolvers<void>();

  private constructor(script: RelayScript) {
    this.script = script;
    this.#server = createServer((socket) => this.#serve(socket));
  }

  static async start(script: RelayScript = {}): Promise<ScriptedRelay> {
    const relay = new ScriptedRelay(script);
    relay.#server.listen(0, '127.0.0.1');
    await once(relay.#server, 'listening');
    return relay;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Resolves as soon as something has happened that makes `isSo` true. */
  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await this.#wake.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #happened(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }

  #write(socket: Socket, reply: string): void {
    socket.setNoDelay();
    for (let at = 0; at < reply.length; at += this.chunk) socket.write(reply.slice(at, at + this.chunk));
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    this.open++;
    this.mostOpen = Math.max(this.mostOpen, this.open);
    socket.on('error', () => {});
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.open--;
      this.#happened();
    });
    const session = new Session(this.script, this, (reaction) => {
      if (reaction === 'drop') socket.destroy();
      else if (reaction !== 'silence') this.#write(socket, `${reaction}\r\n`);
    });
    socket.setEncoding('latin1').on('data', (bytes: string) => {
      session.receive(bytes);
      this.#happened();
    });
    this.#happened();
  }
}

class Session {
  readonly #script: RelayScript;
  readonly #log: Pick<ScriptedRelay, 'commands' | 'mails' | 'dots'>;
  readonly #react: (reaction: Reaction) => void;
  #buffer = '';
  #from = '';
  #to: string[] = [];
  #inMail = false;

  constructor(
    script: RelayScript,
    log: Pick<ScriptedRelay, 'commands' | 'mails' | 'dots'>,
    react: (reaction: Reaction) => void,
  ) {
    this.#script = script;
    this.#log = log;
    this.#react = react;
    react(script.greeting ?? '220 scripted.test ESMTP');
  }

  receive(bytes: string): void {
    this.#buffer += bytes;
    for (;;) {
      const end = this.#inMail ? '\r\n.\r\n' : '\r\n';
      const at = this.#buffer.indexOf(end);
      if (at < 0) return;
      const text = this.#buffer.slice(0, at);
      this.#buffer = this.#buffer.slice(at + end.length);
      if (this.#inMail) this.#endMail(`${text}\r\n`);
      else this.#command(text);
    }
  }

  #endMail(raw: string): void {
    this.#inMail = false;
    this.#log.dots++;
    const reaction = this.#script.dot ?? '250 2.0.0 queued';
    if (reaction.startsWith('2')) this.#log.mails.push({ from: this.#from, to: this.#to, raw });
    this.#react(reaction);
  }

  #command(line: string): void {
    this.#log.commands.push(line);
    const {
      extensions = [],
      ehlo,
      starttls,
      auth,
      mail,
      rcpt = '250 2.1.5 ok',
      data,
      quit = '221 2.0.0 bye',
    } = this.#script;
    const [, address = ''] = /<(.*)>/.exec(line) ?? [];
    const verb = line.split(' ')[0]?.toUpperCase();
    if (verb === 'EHLO') {
      const lines = ['scripted.test', ...extensions];
      this.#react(ehlo ?? lines.map((text, i) => `250${i === lines.length - 1 ? ' ' : '-'}${text}`).join('\r\n'));
    } else if (verb === 'STARTTLS') this.#react(starttls ?? '502 5.5.1 not implemented');
    else if (verb === 'AUTH') this.#react(auth ?? '235 2.7.0 welcome');
    else if (verb === 'MAIL') {
      this.#from = address;
      this.#to = [];
      this.#react(mail ?? '250 2.1.0 ok');
    } else if (verb === 'RCPT') {
      const reaction = typeof rcpt === 'function' ? rcpt(address) : rcpt;
      if (reaction.startsWith('2')) this.#to.push(address);
      this.#react(reaction);
    } else if (verb === 'DATA') {
      const reaction = this.#to.length === 0 ? '503 5.5.1 no valid recipients' : (data ?? '354 go on');
      this.#inMail = reaction.startsWith('3');
      this.#react(reaction);
    } else if (verb === 'QUIT') {
      this.#react(quit);
      if (quit !== 'silence') this.#react('drop');
    } else this.#react('500 5.5.2 what?');
  }
}
