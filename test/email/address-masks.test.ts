import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Json } from '../../src/core/json.ts';
import type { RelayScript } from './relay-script.ts';
import { ScriptedRelay } from './scripted-relay.ts';
import { attempt, transportTo, unaborted } from './sending.ts';

const to = Array.from({ length: 10 }, (_, index) => `a${index}@receiver.test`);

/** What the relay says to an address at one attempt after the other; at last it takes it. */
const replies = fc.record({
  putOff: fc.nat(3),
  fate: fc.constantFrom<'accepted' | 'refused'>('accepted', 'accepted', 'refused'),
});

test('F55: under random masks of accepted, put off and refused addresses each gets what it should, once', async () => {
  const seen = new Map<string, number>();
  let mask: readonly { readonly putOff: number; readonly fate: 'accepted' | 'refused' }[] = [];
  let dotsPutOff = 0;
  const script: RelayScript = {
    rcpt: (address) => {
      const asked = seen.get(address) ?? 0;
      seen.set(address, asked + 1);
      const { putOff = 0, fate = 'accepted' } = mask[to.indexOf(address)] ?? {};
      if (asked < putOff) return '450 4.2.0 greylisted';
      return fate === 'refused' ? '550 5.1.1 no such user' : '250 2.1.5 ok';
    },
    dot: () => (dotsPutOff-- > 0 ? '451 4.3.0 later' : '250 2.0.0 queued'),
  };
  await using oneByOne = await ScriptedRelay.start(script);
  await using atOnce = await ScriptedRelay.start({ ...script, extensions: ['PIPELINING'] });
  await using toOneByOne = transportTo(oneByOne.port);
  await using toAtOnce = transportTo(atOnce.port);

  const first = attempt({ to });
  const masks = fc.array(replies, { minLength: 10, maxLength: 10 });
  const mailsPutOff = fc.oneof(fc.constant(0), fc.nat(2));
  await fc.assert(
    fc.asyncProperty(masks, mailsPutOff, fc.boolean(), async (drawn, putOff, isPipelined) => {
      const [relay, transport] = isPipelined ? [atOnce, toAtOnce] : [oneByOne, toOneByOne];
      mask = drawn;
      dotsPutOff = putOff;
      seen.clear();
      relay.mails.length = 0;
      const refused: string[] = [];
      let progress: Json = null;
      let outcome = 'failed';
      for (let number = 1; outcome === 'failed'; number += 1) {
        const result = await transport.send({ ...first, number, progress }, { signal: unaborted });
        refused.push(...(result.refused ?? []).map(({ address }) => address));
        expect(result.relay).toBe('OK');
        expect(number).toBeLessThanOrEqual(4 + putOff);
        outcome = result.outcome;
        progress = result.outcome === 'failed' ? JSON.parse(JSON.stringify(result.progress)) : null;
      }
      const fated = (fate: string): readonly string[] => to.filter((_, index) => drawn[index]?.fate === fate);
      expect(outcome).toBe(fated('accepted').length > 0 ? 'delivered' : 'rejected');
      expect(relay.mails.flatMap((mail) => mail.to).sort()).toEqual(fated('accepted'));
      expect(refused.toSorted()).toEqual(fated('refused'));
      // A mail that was put off after its dot has settled nothing.
      for (const [index, address] of to.entries()) {
        const asked = (drawn[index]?.putOff ?? 0) + 1;
        expect(seen.get(address)).toBeGreaterThanOrEqual(asked);
        expect(seen.get(address)).toBeLessThanOrEqual(asked + putOff);
      }
    }),
    { numRuns: process.env.TEST_LENGTH === 'long' ? 1_000 : 300 },
  );
}, 120_000);
