import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

/** What the relay does at a step: replies with these lines, closes the connection, or says nothing at all. */
export type Reaction = string | 'drop' | 'silence';

/** A reaction, or what it is made of: the address it is about, and the mails this connection has brought before. */
type Step = Reaction | ((address: string, mailsBefore: number) => Reaction);

/** What is not given is accepted. */
export interface RelayScript {
  readonly greeting?: Reaction;
  /** Extensions to announce, such as `PIPELINING`. */
  readonly extensions?: readonly string[];
  readonly ehlo?: Reaction;
  readonly helo?: Reaction;
  readonly starttls?: Reaction;
  readonly auth?: Reaction;
  readonly mail?: Step;
  readonly rcpt?: Step;
  readonly data?: Step;
  /** Reacts before the mail has ended, when so many bytes of it have come. */
  readonly midMail?: readonly [bytes: number, reaction: Reaction];
  readonly dot?: Step;
  readonly quit?: Reaction;
  /** To what is no command. */
  readonly other?: Reaction;
}

export interface TakenMail {
  readonly from: string;
  readonly to: readonly string[];
  /** Between DATA and the final dot, as it was on the wire. */
  readonly raw: string;
}

/** A relay of which every byte is known: the commands it was sent, and the mails it took. */
export class ScriptedRelay {
  /** May be changed at any time. */
  script: RelayScript;
  /** Every line the client sent outside of mails. */
  readonly commands: string[] = [];
  readonly mails: TakenMail[] = [];
  /** All mails that came to their final dot, taken or not, as they were on the wire. */
  readonly brought: string[] = [];
  /** All bytes that ever came. */
  received = '';
  /** Bytes of a reply that are written at a time. */
  chunk = Number.POSITIVE_INFINITY;
  /** Said as soon as it has told a client to go on with its mail, of which it then reads no more. */
  deafAfterData: string | undefined;
  /** Connections open now, and the most there ever were at a time. */
  open = 0;
  mostOpen = 0;
  /** Connections there have been. */
  connections = 0;
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

  get dots(): number {
    return this.brought.length;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Resolves as soon as something has happened that makes `isSo` true. */
  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await this.#wake.promise;
  }

  /** Gives the reply that was held back with `silence`, on all connections. */
  say(reply: string): void {
    for (const socket of this.#sockets) this.#write(socket, `${reply}\r\n`);
  }

  /** Closes all connections, as a relay does that has had enough of waiting. */
  hangUp(): void {
    for (const socket of this.#sockets) socket.end();
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
    this.connections++;
    this.mostOpen = Math.max(this.mostOpen, this.open);
    socket.on('error', () => {});
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.open--;
      this.#happened();
    });
    const session = new Session(this, (reaction) => {
      if (reaction === 'drop') socket.destroy();
      else if (reaction !== 'silence') this.#write(socket, `${reaction}\r\n`);
      if (this.deafAfterData === undefined || !reaction.startsWith('354')) return;
      socket.pause();
      // When the client has begun, or it would be an answer to DATA.
      setTimeout(() => this.say(String(this.deafAfterData)), 300);
    });
    socket.setEncoding('latin1').on('data', (bytes: string) => {
      this.received += bytes;
      session.receive(bytes);
      this.#happened();
    });
    this.#happened();
  }
}

class Session {
  readonly #relay: ScriptedRelay;
  readonly #react: (reaction: Reaction) => void;
  #buffer = '';
  #from = '';
  #to: string[] = [];
  #inMail = false;
  #mails = 0;

  constructor(relay: ScriptedRelay, react: (reaction: Reaction) => void) {
    this.#relay = relay;
    this.#react = react;
    react(relay.script.greeting ?? '220 scripted.test ESMTP');
  }

  receive(bytes: string): void {
    this.#buffer += bytes;
    for (;;) {
      const end = this.#inMail ? '\r\n.\r\n' : '\r\n';
      const at = this.#buffer.indexOf(end);
      if (this.#reactInMail() || at < 0) return;
      const text = this.#buffer.slice(0, at);
      this.#buffer = this.#buffer.slice(at + end.length);
      if (this.#inMail) this.#endMail(`${text}\r\n`);
      else this.#react(this.#answer(text));
    }
  }

  /** Whether it has reacted in the middle of a mail; from then on it hears nothing. */
  #reactInMail(): boolean {
    const { midMail } = this.#relay.script;
    if (!this.#inMail || midMail === undefined || this.#buffer.length < midMail[0]) return false;
    this.receive = () => {};
    this.#react(midMail[1]);
    return true;
  }

  #endMail(raw: string): void {
    const reaction = this.#reactionTo(this.#relay.script.dot ?? '250 2.0.0 queued');
    this.#inMail = false;
    this.#mails++;
    this.#relay.brought.push(raw);
    if (/(?:^|\n)2\d\d [^\n]*$/.test(reaction)) this.#relay.mails.push({ from: this.#from, to: this.#to, raw });
    this.#react(reaction);
  }

  #answer(line: string): Reaction {
    this.#relay.commands.push(line);
    const { script } = this.#relay;
    const [, address = ''] = /<(.*)>/.exec(line) ?? [];
    switch (line.split(' ')[0]?.toUpperCase()) {
      case 'EHLO':
        return script.ehlo ?? this.#extensions();
      case 'HELO':
        return script.helo ?? '500 5.5.2 what?';
      case 'STARTTLS':
        // What follows is not for it to read: it speaks no TLS.
        if (script.starttls?.startsWith('2')) this.receive = () => {};
        return script.starttls ?? '502 5.5.1 not implemented';
      case 'AUTH':
        return script.auth ?? '235 2.7.0 welcome';
      case 'MAIL':
        this.#from = address;
        this.#to = [];
        return this.#reactionTo(script.mail ?? '250 2.1.0 ok');
      case 'RCPT': {
        const reaction = this.#reactionTo(script.rcpt ?? '250 2.1.5 ok', address);
        if (reaction.startsWith('2')) this.#to.push(address);
        return reaction;
      }
      case 'DATA': {
        const isForNobody = this.#to.length === 0;
        const reaction = isForNobody ? '503 5.5.1 no valid recipients' : this.#reactionTo(script.data ?? '354 go on');
        this.#inMail = reaction.startsWith('3');
        return reaction;
      }
      case 'QUIT':
        if (script.quit !== undefined) return script.quit;
        this.#react('221 2.0.0 bye');
        return 'drop';
      default:
        return script.other ?? '500 5.5.2 what?';
    }
  }

  #reactionTo(step: Step, address = ''): Reaction {
    return typeof step === 'function' ? step(address, this.#mails) : step;
  }

  #extensions(): string {
    const lines = ['scripted.test', ...(this.#relay.script.extensions ?? [])];
    return lines.map((text, i) => `250${i === lines.length - 1 ? ' ' : '-'}${text}`).join('\r\n');
  }
}
