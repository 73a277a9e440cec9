import type { Reaction, RelayState, Step } from './relay-script.ts';

/** One connection of a scripted relay. */
export class ScriptedSession {
  readonly #relay: RelayState;
  readonly #react: (reaction: Reaction) => void;
  #buffer = '';
  #from = '';
  #to: string[] = [];
  #inMail = false;
  #mails = 0;

  constructor(relay: RelayState, react: (reaction: Reaction) => void) {
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
