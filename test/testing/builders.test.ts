import { expect, test } from 'vitest';
import { defineEvents, event } from '../../src/core/catalog.ts';
import { parseEmailRecipient, parseHttpRecipient } from '../../src/core/parse-recipient.ts';
import { attemptAt, emailRecipient, httpRecipient, storedEvent } from '../../src/testing.ts';

const catalog = defineEvents({ 'order.paid': event<{ order: string; total: number }>() });

test('a recipient that is told nothing has the defaults of the library', () => {
  const http = { id: 'crm', url: 'https://receiver.example.com/hook', events: '*' };
  expect(httpRecipient()).toEqual(parseHttpRecipient(http, catalog));
  const email = { id: 'managers', to: 'manager@example.com', events: { 'order.paid': true } };
  expect(emailRecipient()).toEqual(parseEmailRecipient(email, catalog));
});

test('a recipient has the settings it is told, and is called by its id', () => {
  expect(httpRecipient({ id: 'erp', format: 'json' })).toEqual({
    ...httpRecipient(),
    id: 'erp',
    name: 'erp',
    format: 'json',
  });
  expect(emailRecipient({ id: 'team', name: 'Team' })).toEqual({ ...emailRecipient(), id: 'team', name: 'Team' });
});

test('an attempt is the first at the first delivery, unless told otherwise', () => {
  const recipient = httpRecipient();
  const at = Date.UTC(2026, 0, 1);
  const first = { recipient, delivery: { sequence: 1, event: storedEvent() }, number: 1, at, progress: null };
  expect(attemptAt(recipient)).toEqual(first);
  expect(attemptAt(recipient, { number: 3, sequence: 9, progress: { done: 1 }, event: { id: 'e9' } })).toEqual({
    recipient,
    delivery: { sequence: 9, event: storedEvent({ id: 'e9' }) },
    number: 3,
    at,
    progress: { done: 1 },
  });
});
