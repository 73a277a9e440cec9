import fc from 'fast-check';
import { expect, test } from 'vitest';
import { delivered, failed } from '../../src/testing.ts';
import { minute, setUp } from './harness.ts';

const crm = { id: 'crm', name: 'CRM', url: 'https://crm.example.com/hook', events: '*' } as const;

test('F49: what has piled up while a receiver was down for a day goes out in order, each event once', async () => {
  const { outbound, clock, http } = setUp();
  await outbound.addHttpRecipient({ ...crm, retry: { interval: '10m', duration: '3d' } });
  let isDown = true;
  http.answerWith('crm', () => (isDown ? failed('CONNECT_REFUSED') : delivered()));
  void outbound.start();
  for (let hour = 0; hour < 24; hour += 1) {
    const emitted = Array.from({ length: 200 }, () => outbound.emit('order.paid', { order: hour }));
    await clock.advance('1h');
    await Promise.all(emitted);
  }
  const failures = http.attempts.length;
  expect(failures).toBeGreaterThanOrEqual(24 * 6 - 1);
  expect(new Set(http.attempts.map(({ sequence }) => sequence))).toEqual(new Set([1]));

  isDown = false;
  await clock.advance('10m');
  while ((await outbound.status()).recipients[0]?.queued !== 0) await clock.advance(0);

  expect(http.attempts.slice(failures).map(({ sequence }) => sequence)).toEqual(
    Array.from({ length: 24 * 200 }, (_, index) => index + 1),
  );
});

test('F50: one recipient that hangs among 1,000 delays none of the others', async () => {
  const { outbound, clock, http } = setUp();
  const ids = Array.from({ length: 1_000 }, (_, index) => `crm-${index}`);
  for (const id of ids) await outbound.addHttpRecipient({ ...crm, id, name: id });
  http.hold('crm-500');
  void outbound.start();
  for (let order = 0; order < 3; order += 1) await outbound.emit('order.paid', { order });
  while (http.attempts.length < 3 * 999 + 1) await clock.advance(0);

  expect(http.attempts.filter(({ result }) => result === null).map(({ recipientId }) => recipientId)).toEqual([
    'crm-500',
  ]);
});

test('F50: more recipients that hang all at once than there are slots hold the others up for a second each turn', async () => {
  const { outbound, clock, http } = setUp();
  const dead = Array.from({ length: 250 }, (_, index) => `dead-${index}`);
  const healthy = Array.from({ length: 250 }, (_, index) => `healthy-${index}`);
  for (const id of [...dead, ...healthy]) await outbound.addHttpRecipient({ ...crm, id, name: id });
  for (const id of dead) http.hold(id);
  void outbound.start();
  await outbound.emit('order.paid', { order: 1 });
  await clock.advance('3s');

  expect(http.attempts.filter(({ result }) => result !== null)).toHaveLength(250);
  expect(http.attempts.filter(({ result }) => result === null)).toHaveLength(250);
});

test('F51: however a recipient flaps, its alerts are those of each time it failed for long', async () => {
  // Minutes that each spell of failing and of being well takes.
  const spells = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 8 });
  const [after, resendEvery] = [431_001, 193_010];
  await fc.assert(
    fc.asyncProperty(spells, async (minutes) => {
      const { outbound, clock, http, relay, heard } = setUp();
      const alerts = { to: 'ops@example.com', after, resendEvery };
      await outbound.addHttpRecipient({ ...crm, retry: { interval: '1m', duration: '3d' }, alerts });
      let isDown = true;
      http.answerWith('crm', () => (isDown ? failed(503) : delivered()));
      void outbound.start();
      const expected: number[] = [];
      const spellsOfFailing = minutes.filter((_, index) => index % 2 === 0).length;
      for (const [index, spell] of minutes.entries()) {
        isDown = index % 2 === 0;
        const begun = clock.steady();
        if (isDown) await outbound.emit('order.paid', { order: index });
        if (isDown) for (let at = begun + after; at < begun + spell * minute; at += resendEvery) expected.push(at);
        // What failed last is tried again, and delivered, at the first moment of the next spell.
        await clock.advance(spell * minute - 1);
        isDown = false;
        await clock.advance(1);
      }
      expect(relay.mails.map(({ at }) => at)).toEqual(expected);
      expect(heard('recipient:failing')).toHaveLength(spellsOfFailing);
      expect(heard('recipient:recovered')).toHaveLength(spellsOfFailing);
      expect((await outbound.status()).recipients[0]).toMatchObject({ state: 'ok', queued: 0 });
    }),
    { numRuns: 40 },
  );
});
