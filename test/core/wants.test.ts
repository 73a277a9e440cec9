import { expect, it } from 'vitest';
import { wants } from '../../src/core/wants.ts';
import { emailRecipient, httpRecipient } from '../../src/testing.ts';

const paid = { type: 'order.paid', channels: ['http', 'email'] } as const;
const asksFor = { events: ['order.*'] };

it('an HTTP recipient wants what a pattern of its fits, an email recipient what it names', () => {
  expect(wants(httpRecipient(asksFor), paid)).toBe(true);
  expect(wants(httpRecipient({ events: ['user.*', 'order.paid'] }), paid)).toBe(true);
  expect(wants(httpRecipient({ events: ['user.*', 'order.sent'] }), paid)).toBe(false);
  expect(wants(emailRecipient({ events: { 'order.paid': true } }), paid)).toBe(true);
  expect(wants(emailRecipient({ events: { 'order.sent': true } }), paid)).toBe(false);
});

it('nobody wants what the type has no channel for', () => {
  expect(wants(httpRecipient({ events: ['*'] }), { ...paid, channels: ['email'] })).toBe(false);
  expect(wants(emailRecipient({ events: { 'order.paid': true } }), { ...paid, channels: ['http'] })).toBe(false);
});

it('a disabled recipient wants nothing, unless it queues meanwhile', () => {
  expect(wants(httpRecipient({ ...asksFor, enabled: false }), paid)).toBe(false);
  expect(wants(httpRecipient({ ...asksFor, enabled: false, whileDisabled: 'queue' }), paid)).toBe(true);
});

it('a type that is called like a part of every object is wanted by nobody who did not name it', () => {
  expect(wants(emailRecipient({ events: {} }), { ...paid, type: 'toString' })).toBe(false);
});
