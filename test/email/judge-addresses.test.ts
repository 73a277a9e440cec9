import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SendResult } from '../../src/core/transport.ts';
import {
  type AddressProgress,
  type AddressReplies,
  addressesLeft,
  judgeFailure,
  judgeProgress,
  judgeReplies,
  readProgress,
} from '../../src/email/judge-addresses.ts';
import type { SmtpFailure } from '../../src/email/smtp-failure.ts';

const none: AddressProgress = { served: [], refused: [] };
const putOff = { code: 450, words: '4.2.0 greylisted' };
const refused = { code: 550, words: '5.1.1 no such user' };
const taken = { code: 250, words: 'queued' };

describe('the addresses still to be served', () => {
  it('are those the relay has neither taken nor refused for good', () => {
    expect(addressesLeft(['a', 'b', 'c'], { served: ['a'], refused: ['c'] })).toEqual(['b']);
  });

  it('are all at first', () => {
    expect(addressesLeft(['a', 'b'], readProgress(null))).toEqual(['a', 'b']);
  });

  it('include those that have been added meanwhile, whatever became of those that were removed', () => {
    expect(addressesLeft(['b', 'c'], { served: ['a'], refused: ['x'] })).toEqual(['b', 'c']);
  });
});

describe('a delivery', () => {
  it('is open while an address is left', () => {
    expect(judgeProgress(['a', 'b'], { served: ['a'], refused: [] })).toBeNull();
  });

  it('is delivered when none is left and one has it', () => {
    expect(judgeProgress(['a', 'b'], { served: ['a'], refused: ['b'] })).toEqual({ outcome: 'delivered' });
  });

  it('is rejected when none is left and none has it, a removed one not counting', () => {
    const error = { code: 'SMTP_ADDRESSES', message: 'the relay refused the address' };
    expect(judgeProgress(['b'], { served: ['a'], refused: ['b'] })).toEqual({ outcome: 'rejected', error });
  });
});

describe('replies about addresses', () => {
  const judged = (to: string[], replies: AddressReplies, before = none): SendResult =>
    judgeReplies(to, before, replies);

  it('that accept all of them make it delivered', () => {
    expect(judged(['a', 'b'], { accepted: ['a', 'b'], refusals: [], reply: taken })).toEqual({
      outcome: 'delivered',
      relay: 'OK',
      refused: [],
      response: { status: 250, text: 'queued' },
    });
  });

  it('that refuse some for good make it delivered, and report those', () => {
    const refusals = [{ address: 'b', reply: refused }];
    expect(judged(['a', 'b'], { accepted: ['a'], refusals, reply: taken })).toMatchObject({
      outcome: 'delivered',
      refused: [{ address: 'b', message: '550 5.1.1 no such user' }],
    });
  });

  it('that refuse all for good make it rejected', () => {
    const refusals = ['a', 'b'].map((address) => ({ address, reply: refused }));
    expect(judged(['a', 'b'], { accepted: [], refusals, reply: null })).toEqual({
      outcome: 'rejected',
      relay: 'OK',
      error: { code: 'SMTP_ADDRESSES', message: 'the relay refused all 2 addresses: 550 5.1.1 no such user' },
      refused: refusals.map(({ address }) => ({ address, message: '550 5.1.1 no such user' })),
      response: { status: 550, text: '5.1.1 no such user' },
    });
  });

  it('that put some off make it failed, and remember what became of the others', () => {
    const refusals = [
      { address: 'b', reply: refused },
      { address: 'c', reply: putOff },
    ];
    expect(judged(['a', 'b', 'c', 'd'], { accepted: ['a', 'd'], refusals, reply: taken })).toEqual({
      outcome: 'failed',
      relay: 'OK',
      error: { code: 'SMTP_ADDRESSES', message: 'the relay put off 1 of 4 addresses: 450 4.2.0 greylisted' },
      refused: [{ address: 'b', message: '550 5.1.1 no such user' }],
      response: { status: 250, text: 'queued' },
      progress: { served: ['a', 'd'], refused: ['b'] },
    });
  });

  it.each([
    [['a'], 'the relay put off the address: 450 4.2.0 greylisted'],
    [['a', 'b'], 'the relay put off all 2 addresses: 450 4.2.0 greylisted'],
  ])('that put off all of %j say so', (to, message) => {
    const refusals = to.map((address) => ({ address, reply: putOff }));
    expect(judged(to, { accepted: [], refusals, reply: null })).toMatchObject({
      error: { message },
      response: { status: 450 },
    });
  });

  it('that leave an address out make it failed: nobody knows that it was served', () => {
    expect(judged(['a', 'b'], { accepted: ['a'], refusals: [], reply: taken })).toMatchObject({
      outcome: 'failed',
      error: { message: 'the relay put off 1 of 2 addresses' },
      progress: { served: ['a'], refused: [] },
    });
  });

  it('add to what earlier attempts have settled', () => {
    const before = { served: ['a'], refused: ['b'] };
    const refusals = [{ address: 'c', reply: refused }];
    expect(judged(['a', 'b', 'c'], { accepted: [], refusals, reply: null }, before)).toMatchObject({
      outcome: 'delivered',
      refused: [{ address: 'c' }],
    });
    const stillPutOff = { accepted: [], refusals: [{ address: 'c', reply: putOff }], reply: null };
    expect(judged(['a', 'b', 'c'], stillPutOff, before)).toMatchObject({
      outcome: 'failed',
      refused: [],
      progress: before,
    });
  });
});

describe('a failure that took the mail for nobody', () => {
  const failure = (about: 'relay' | 'mail', isPermanent: boolean): SmtpFailure => ({
    about,
    isPermanent,
    error: { code: 'SMTP_REPLY', message: 'the relay said no' },
    reply: refused,
  });
  const before = { served: ['a'], refused: [] };
  const response = { status: 550, text: '5.1.1 no such user' };

  it('about the relay makes it failed, and is the status of the relay', () => {
    expect(judgeFailure(['a', 'b'], before, failure('relay', false))).toEqual({
      outcome: 'failed',
      relay: 'the relay said no',
      error: failure('relay', false).error,
      response,
      progress: before,
    });
  });

  it('about the mail that passes makes it failed, with the relay in order', () => {
    expect(judgeFailure(['a', 'b'], before, failure('mail', false))).toMatchObject({
      outcome: 'failed',
      relay: 'OK',
      progress: before,
    });
  });

  it('about the mail for ever makes it rejected', () => {
    expect(judgeFailure(['a', 'b'], none, failure('mail', true))).toEqual({
      outcome: 'rejected',
      relay: 'OK',
      error: failure('mail', true).error,
      response,
    });
  });

  it('about the mail for ever ends it as delivered when an earlier attempt has served somebody', () => {
    expect(judgeFailure(['a', 'b'], before, failure('mail', true))).toMatchObject({
      outcome: 'delivered',
      relay: 'OK',
      refused: [{ address: 'b', message: 'the relay said no' }],
    });
  });
});

it('over any attempts, each address is served once, refused once or still left, and the outcome follows from them', () => {
  const answer = fc.constantFrom('accept', 'put off', 'refuse');
  const masks = fc.array(fc.array(answer, { minLength: 10, maxLength: 10 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10 }), masks, (count, attempts) => {
      const to = Array.from({ length: count }, (_, i) => `a${i}`);
      const served: string[] = [];
      const reported: string[] = [];
      let progress = none;
      for (const mask of attempts) {
        const left = addressesLeft(to, progress);
        const withAnswer = (wanted: string) => left.filter((address) => mask[to.indexOf(address)] === wanted);
        const accepted = withAnswer('accept');
        served.push(...accepted);
        const refusals = [
          ...withAnswer('put off').map((address) => ({ address, reply: putOff })),
          ...withAnswer('refuse').map((address) => ({ address, reply: refused })),
        ];
        const result = judgeReplies(to, progress, { accepted, refusals, reply: accepted.length > 0 ? taken : null });
        reported.push(...(result.refused ?? []).map(({ address }) => address));
        const open = withAnswer('put off').length;
        const expected = open > 0 ? 'failed' : served.length > 0 ? 'delivered' : 'rejected';
        expect(result.outcome).toBe(expected);
        if (result.outcome !== 'failed') break;
        progress = readProgress(JSON.parse(JSON.stringify(result.progress)));
        expect(addressesLeft(to, progress)).toHaveLength(open);
      }
      expect(new Set([...served, ...reported]).size).toBe(served.length + reported.length);
    }),
    { numRuns: 1000 },
  );
});
