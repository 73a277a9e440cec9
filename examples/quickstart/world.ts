// What is around the appliance of the quickstart: a CRM that is down at first, and a mail relay. Both are real servers.

import { createServer } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import { simpleParser } from 'mailparser';
import { SMTPServer } from 'smtp-server';
import { faint, good, say, strong } from './terminal.ts';

/** What the CRM has seen, and whether it takes events. */
export const crm = { isUp: false, posts: [] as Post[] };

interface Post {
  readonly sequence: number;
  readonly id: unknown;
  readonly type: unknown;
  readonly taken: boolean;
}

export const crmServer = createServer((request, response) => {
  let body = '';
  request.setEncoding('utf8').on('data', (text) => {
    body += text;
  });
  request.on('end', () => {
    const { event: type, name = '' } = Object.fromEntries(new URLSearchParams(body));
    const { 'webhook-id': id, 'webhook-sequence': sequence } = request.headers;
    const taken = crm.isUp;
    crm.posts.push({ sequence: Number(sequence), id, type, taken });
    response.writeHead(taken ? 200 : 503).end();
    if (taken) say('CRM', `${good('took')} ${sequence} ${type} ${faint(name)}`);
  });
});

/** The mails that the relay has taken. */
export const mails: { readonly to: string; readonly subject: string }[] = [];

export const relayServer = new SMTPServer({
  disabledCommands: ['AUTH', 'STARTTLS'],
  onData(stream, { envelope }, done) {
    simpleParser(stream).then(({ subject = '', text = '' }) => {
      const to = envelope.rcptTo.map(({ address }) => address).join(', ');
      mails.push({ to, subject });
      say('mail', `to ${to}`);
      say('', `| Subject: ${strong(subject)}`);
      for (const line of text.trim().split('\n')) say('', `| ${line}`);
      done();
    }, done);
  },
});
// A client that is killed may leave a connection half-way.
relayServer.on('error', () => {});

export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
