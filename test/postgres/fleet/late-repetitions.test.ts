import { expect, test } from 'vitest';
import type { History, ObservedRequest } from '../../reliability/history.ts';
import { setLateApart } from './late-repetitions.ts';
import { takeoverTimes } from './takeovers.ts';

const paused = 1;
const other = 2;
const comeback = { life: 3, until: 500 };

function request(sequence: number, life: number, beganAt: number, attempt = 1): ObservedRequest {
  const eventId = `event-${sequence}`;
  return { recipientId: 'crm', sequence, eventId, attempt, life, beganAt, body: null, answer: null, isRecorded: false };
}

function lateOf(...requests: readonly ObservedRequest[]): readonly ObservedRequest[] {
  const history: History = { recipients: [], emits: [], requests, drops: [], ends: new Map(), toleranceMs: 0 };
  const { late, rest } = setLateApart(history, [comeback]);
  expect(rest.requests).toEqual(requests.filter((one) => !late.includes(one)));
  return late;
}

const before = request(1, paused, 100);

test('what another process has sent meanwhile is late', () => {
  const passed = request(2, comeback.life, 400);
  expect(lateOf(before, request(2, other, 200), request(3, other, 300), passed)).toEqual([passed]);
  expect(lateOf(before, request(2, other, 200), passed)).toEqual([passed]);
});

test('what goes on from there is not late', () => {
  expect(lateOf(before, request(2, other, 200), request(3, comeback.life, 400))).toEqual([]);
  expect(lateOf(before, request(2, other, 200), request(2, comeback.life, 400, 2))).toEqual([]);
});

test('a process is not late twice, and not after it has its share again', () => {
  const [first, second] = [request(2, comeback.life, 400), request(3, comeback.life, 410)];
  expect(lateOf(before, request(3, other, 300), first, second)).toEqual([first]);
  expect(lateOf(before, request(2, other, 200), request(2, comeback.life, 600))).toEqual([]);
  expect(lateOf(before, request(2, other, 200), request(2, 4, 400))).toEqual([]);
});

test('a takeover is over with the first request of another process', () => {
  const outage = { life: paused, at: 150, orphans: ['crm', 'desk'] };
  const requests = [before, request(1, paused, 160), request(1, other, 250), request(2, other, 300)];
  expect(takeoverTimes([outage], requests)).toEqual([100, Number.POSITIVE_INFINITY]);
});
