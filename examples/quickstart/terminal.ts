// How the quickstart shows what happens.

import { styleText } from 'node:util';
import type { Status } from 'outbound-events';
import type { Report } from './appliance.ts';

// Only on a terminal, and not with NO_COLOR: styleText knows.
export const strong = (text: string) => styleText('bold', text);
export const faint = (text: string) => styleText('dim', text);
export const good = (text: string) => styleText('green', text);
export const bad = (text: string) => styleText('red', text);

export function chapter(title: string): void {
  console.log(`\n${strong(title)}`);
}

/** One line: when, who, what. */
export function say(who: string, what: string): void {
  const time = who === '' ? '' : seconds(performance.now());
  console.log(`${faint(time.padStart(7))}  ${who.padEnd(9)}  ${what.trimEnd()}`);
}

/** What the appliance has reported, but for deliveries and alerts: those are shown by who gets them. */
export function show({ name, payload }: Report): void {
  if (name === 'stored') {
    say('appliance', `stored ${payload.type} for ${payload.recipients.join(' and ')}`);
  } else if (name === 'retrying') {
    const { recipientId, sequence, attempt, error, nextAttemptAt } = payload;
    const next = seconds(nextAttemptAt - Date.now());
    say('appliance', `${recipientId} ${sequence}, attempt ${attempt}: ${bad(error.message)}; again in ${next}`);
  } else if (name === 'recipient:recovered') {
    const { recipientId, since, at, attempts } = payload;
    const after = `after ${seconds(at - since)} and ${attempts} failed attempts`;
    say('appliance', `${recipientId} has ${good('recovered')} ${after}`);
  } else if (name === 'status') {
    showStatus(payload);
  }
}

function showStatus({ relay, recipients }: Status): void {
  const row = (...cells: readonly string[]) => cells.map((cell) => cell.padEnd(11)).join('');
  say('status', faint(row('recipient', 'queued', 'state')));
  for (const { id, queued, state, failingSince } of recipients) {
    const since = failingSince === null ? '' : ` for ${seconds(Date.now() - failingSince)}`;
    say('', row(id, String(queued), state + since));
  }
  say('', row('relay', '', relay.status));
}

function seconds(ms: number): string {
  return `${(Math.max(0, ms) / 1000).toFixed(1)} s`;
}
