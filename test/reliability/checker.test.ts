import { describe, expect, it } from 'vitest';
import { check, type ViolationKind } from './checker.ts';
import type { History, ObservedDrop, ObservedEmit, ObservedRequest } from './history.ts';

const intervalMs = 100;

/** An event for the recipients `crm` and `desk`. */
function emit(eventId: string, acknowledged = true, emitter = 'host'): ObservedEmit {
  return { eventId, emitter, acknowledged, bodies: new Map(['crm', 'desk'].map((id) => [id, bodyOf(eventId)])) };
}

function bodyOf(eventId: string): string {
  return `hash of ${eventId}`;
}

/** A request to `crm` that took 10 ms, was answered with 200 and not recorded, unless told otherwise. */
function request(
  [eventId, sequence]: readonly [string, number],
  beganAt: number,
  rest: Partial<ObservedRequest> & { readonly status?: number } = {},
): ObservedRequest {
  const { status = 200, ...fields } = rest;
  const answer = { status, at: beganAt + 10 };
  return {
    recipientId: 'crm',
    sequence,
    eventId,
    attempt: 1,
    life: 1,
    beganAt,
    body: bodyOf(eventId),
    answer,
    isRecorded: false,
    ...fields,
  };
}

function drop([eventId, sequence]: readonly [string, number], at: number): ObservedDrop {
  return { recipientId: 'crm', sequence, eventId, at };
}

const a = ['a', 1] as const;
const b = ['b', 2] as const;
const c = ['c', 3] as const;

/** What `desk` got, without any fault. */
const toDesk = [a, b, c].map(([eventId, sequence]) => {
  return request([eventId, sequence], sequence * 100, { recipientId: 'desk' });
});

function history(toCrm: readonly ObservedRequest[], rest: Partial<History> = {}): History {
  return {
    recipients: ['crm', 'desk'].map((id) => ({ id, retryIntervalMs: intervalMs })),
    emits: [emit('a'), emit('b'), emit('c')],
    requests: [...toCrm, ...toDesk].sort((one, other) => one.beganAt - other.beganAt),
    drops: [],
    // Before it sends anything that another life sent, too.
    ends: new Map([
      [1, 110],
      [2, 180],
    ]),
    toleranceMs: 5,
    ...rest,
  };
}

describe('a history that keeps the promise', () => {
  it.each<[string, History]>([
    ['each delivery sent once, in order', history([request(a, 100), request(b, 200), request(c, 300)])],
    [
      'an attempt repeated under the next number after the retry interval',
      history([request(a, 100, { status: 500 }), request(a, 210, { attempt: 2 }), request(b, 300), request(c, 400)]),
    ],
    [
      'a repetition that failed and is tried again by a third process, and another delivery repeated because of the second',
      history(
        [
          request(a, 100),
          request(a, 120, { life: 2, status: 500, isRecorded: true }),
          request(a, 240, { life: 3, attempt: 2, isRecorded: true }),
          request(b, 300, { life: 2 }),
          request(b, 400, { life: 3, isRecorded: true }),
          request(c, 500, { life: 3 }),
        ],
        {
          ends: new Map([
            [1, 110],
            [2, 350],
          ]),
        },
      ),
    ],
    [
      'a delivery repeated by the next process, as its 200 was not recorded',
      history([
        request(a, 100),
        request(a, 150, { life: 2 }),
        request(b, 200, { life: 2 }),
        request(c, 300, { life: 2 }),
      ]),
    ],
    [
      'a delivery repeated once by each of two processes',
      history([
        request(a, 100),
        request(a, 150, { life: 2 }),
        request(a, 200, { life: 3 }),
        request(b, 300, { life: 3 }),
        request(c, 400, { life: 3 }),
      ]),
    ],
    [
      'deliveries of two processes that ended, each repeated by one that lives on',
      history([
        request(a, 100),
        request(a, 115, { life: 3 }),
        request(b, 150, { life: 2 }),
        request(b, 190, { life: 3 }),
        request(c, 300, { life: 3 }),
      ]),
    ],
    [
      'deliveries sent by several processes in turn, none of which has ended',
      history([request(a, 100, { life: 3 }), request(b, 200, { life: 4 }), request(c, 300, { life: 3 })]),
    ],
    [
      'events of two emitters, each in the order of its own',
      history([], {
        emits: [emit('a'), emit('b', true, 'other'), emit('c')],
        requests: ['crm', 'desk'].flatMap((recipientId) => [
          request(a, 100, { recipientId }),
          request(['c', 2], 200, { recipientId }),
          request(['b', 3], 300, { recipientId }),
        ]),
      }),
    ],
    [
      'an attempt broken off by the end of its process, made again at once',
      history([
        request(a, 100, { body: null, answer: null }),
        request(a, 120, { life: 2 }),
        request(b, 200, { life: 2 }),
        request(c, 300, { life: 2 }),
      ]),
    ],
    [
      'a failed attempt that was not recorded, made again at once under its number',
      history([
        request(a, 100, { status: 500 }),
        request(a, 120, { life: 2 }),
        request(b, 200, { life: 2 }),
        request(c, 300, { life: 2 }),
      ]),
    ],
    [
      'a delivery dropped after a failed attempt, and one dropped with it',
      history([request(a, 100, { status: 500 }), request(c, 200)], { drops: [drop(a, 110), drop(b, 110)] }),
    ],
    [
      'an event that was not acknowledged, and not stored',
      history([], {
        emits: [emit('a'), emit('b', false), emit('c')],
        requests: ['crm', 'desk'].flatMap((recipientId) => [
          request(a, 100, { recipientId }),
          request(['c', 2], 200, { recipientId }),
        ]),
      }),
    ],
    [
      'an event that was not acknowledged, but stored',
      history([request(a, 100), request(b, 200), request(c, 300)], { emits: [emit('a'), emit('b', false), emit('c')] }),
    ],
  ])('%s', (_, observed) => {
    expect(check(observed).violations).toEqual([]);
  });
});

describe('a history that breaks the promise', () => {
  it.each<[string, ViolationKind, string, History]>([
    ['an acknowledged event that never came', 'lost', 'c', history([request(a, 100), request(b, 200)])],
    [
      'an acknowledged event that was only ever refused',
      'lost',
      'c',
      history([request(a, 100), request(b, 200), request(c, 300, { status: 204 })]),
    ],
    [
      'an acknowledged event whose answer could not be sent',
      'lost',
      'c',
      history([request(a, 100), request(b, 200), request(c, 300, { answer: null })]),
    ],
    [
      'an event that was never emitted',
      'unexpected',
      'd',
      history([request(a, 100), request(b, 200), request(c, 300), request(['d', 4], 400)]),
    ],
    [
      'an event for another recipient',
      'unexpected',
      'b',
      history([request(a, 100), request(b, 200), request(c, 300)], {
        emits: [emit('a'), { ...emit('b'), bodies: new Map([['desk', bodyOf('b')]]) }, emit('c')],
      }),
    ],
    [
      'a body that is not that of the event',
      'altered',
      'b',
      history([request(a, 100), request(b, 200, { body: bodyOf('a') }), request(c, 300)]),
    ],
    [
      'a body that is another at the second attempt',
      'altered',
      'b',
      history([
        request(a, 100),
        request(b, 200, { status: 500 }),
        request(b, 310, { attempt: 2, body: 'other' }),
        request(c, 400),
      ]),
    ],
    [
      'an event that was stored twice',
      'renumbered',
      'a',
      history([request(a, 100), request(b, 200), request(c, 300), request(['a', 4], 400, { life: 2 })]),
    ],
    [
      'two events with one number',
      'renumbered',
      'b',
      history([request(a, 100), request(b, 200), request(['c', 2], 300)]),
    ],
    [
      'a number nothing came under',
      'gap',
      '2',
      history([request(a, 100), request(c, 300)], { emits: [emit('a'), emit('b', false), emit('c')] }),
    ],
    [
      'numbers in another order than that of the emits',
      'misplaced',
      'b',
      history([request(a, 100), request(['c', 2], 200), request(['b', 3], 300)]),
    ],
    [
      'the next delivery sent while the one ahead was under way',
      'overtaken',
      'b',
      history([request(a, 100), request(b, 200), request(c, 205)]),
    ],
    [
      'the next delivery sent while the one ahead was to be tried again',
      'overtaken',
      'b',
      history([request(a, 100), request(b, 200, { status: 500 }), request(c, 220), request(b, 310, { attempt: 2 })]),
    ],
    [
      'the next delivery sent before the one ahead was dropped',
      'overtaken',
      'b',
      history([request(a, 100), request(b, 200, { status: 500 }), request(c, 220)], { drops: [drop(b, 230)] }),
    ],
    [
      'a delivery sent again by the process that had its 200',
      'duplicated',
      'b',
      history([request(a, 100), request(b, 200), request(b, 310, { attempt: 2 }), request(c, 400)]),
    ],
    [
      'a delivery sent again although its 200 was recorded',
      'duplicated',
      'b',
      history([
        request(a, 100),
        request(b, 200, { isRecorded: true }),
        request(b, 250, { attempt: 2, life: 2 }),
        request(c, 400, { life: 2 }),
      ]),
    ],
    [
      'a delivery sent again by another process although the one that had its 200 lives on',
      'duplicated',
      'b',
      history([
        request(a, 100),
        request(b, 200, { life: 3 }),
        request(b, 250, { life: 4 }),
        request(c, 300, { life: 4 }),
      ]),
    ],
    [
      'two deliveries to one recipient repeated because of one end',
      'duplicated',
      'b',
      history([
        request(a, 100),
        request(b, 200),
        request(a, 250, { life: 2 }),
        request(b, 300, { life: 2 }),
        request(c, 400, { life: 2 }),
      ]),
    ],
    [
      'a delivery repeated although the next one had been sent',
      'regressed',
      'a',
      history([request(a, 100), request(b, 200), request(a, 250, { life: 2 }), request(c, 400, { life: 2 })]),
    ],
    [
      'a delivery sent after it had been dropped',
      'revived',
      'c',
      history([request(a, 100), request(b, 200), request(c, 300, { status: 500 }), request(c, 410, { attempt: 2 })], {
        drops: [drop(c, 310)],
      }),
    ],
    [
      'attempts counted from the beginning by the next process',
      'miscounted',
      'b',
      history([
        request(a, 100),
        request(b, 200, { status: 500 }),
        request(b, 310, { attempt: 2, status: 500 }),
        request(b, 420, { attempt: 1, life: 2 }),
        request(c, 500, { life: 2 }),
      ]),
    ],
    [
      'an attempt made again although it was recorded',
      'miscounted',
      'b',
      history([
        request(a, 100),
        request(b, 200, { status: 500, isRecorded: true }),
        request(b, 310, { attempt: 1, life: 2 }),
        request(c, 500, { life: 2 }),
      ]),
    ],
    [
      'two attempts with one number by one process',
      'miscounted',
      'b',
      history([request(a, 100), request(b, 200, { status: 500 }), request(b, 310), request(c, 400)]),
    ],
    [
      'an attempt before the retry interval was over',
      'hurried',
      'b',
      history([request(a, 100), request(b, 200, { status: 500 }), request(b, 304, { attempt: 2 }), request(c, 400)]),
    ],
    [
      'an attempt before the retry interval was over, by the next process',
      'hurried',
      'b',
      history([
        request(a, 100),
        request(b, 200, { status: 500 }),
        request(b, 220, { attempt: 2, life: 2 }),
        request(c, 400, { life: 2 }),
      ]),
    ],
  ])('%s', (_, kind, what, observed) => {
    expect(check(observed).violations).toContainEqual({ kind, recipientId: 'crm', what });
  });

  it('names nothing but the recipient at fault', () => {
    const { violations } = check(history([request(a, 100), request(b, 200)]));
    expect(violations).toEqual([{ kind: 'lost', recipientId: 'crm', what: 'c' }]);
  });

  it('is found also for a recipient nobody knows of', () => {
    const stray = request(a, 900, { recipientId: 'stranger' });
    const { violations } = check(history([request(a, 100), request(b, 200), request(c, 300), stray]));
    expect(violations).toEqual([{ kind: 'unexpected', recipientId: 'stranger', what: 'a' }]);
  });
});

describe('figures', () => {
  it('count deliveries, requests, refusals, drops and repetitions', () => {
    const observed = history(
      [
        request(a, 100, { status: 500 }),
        request(a, 210, { attempt: 2 }),
        request(a, 250, { attempt: 2, life: 2, status: 500 }),
        request(a, 360, { attempt: 3, life: 2 }),
        request(b, 400, { life: 2, status: 500 }),
      ],
      { drops: [drop(b, 410)], emits: [emit('a'), emit('b'), emit('c', false)] },
    );
    expect(check(observed).figures).toEqual({ acknowledged: 4, requests: 8, refused: 3, dropped: 1, repeated: 1 });
  });
});
