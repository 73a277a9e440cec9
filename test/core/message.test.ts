import { describe, expect, it, test } from 'vitest';
import type { Json } from '../../src/core/json.ts';
import { asText, messageVariables, standardVariables } from '../../src/core/message.ts';
import { storedEvent } from '../../src/testing.ts';

describe('what a message says', () => {
  it('is the event, the version of its schema, when it happened, and its data', () => {
    const event = storedEvent({
      type: 'order.paid',
      version: '2',
      occurredAt: 1_767_225_600_999,
      acceptedAt: 1_767_999_999_999,
      data: '{"order":"A-1","total":12.5}',
    });
    expect(messageVariables(event)).toEqual({
      event: 'order.paid',
      version: '2',
      timestamp: 1_767_225_600,
      data: { order: 'A-1', total: 12.5 },
    });
  });

  it('has the standard variables by their names', () => {
    const { data, ...standard } = messageVariables(storedEvent());
    expect(Object.keys(standard)).toEqual(standardVariables);
  });

  it.each([
    [0, 0],
    [999, 0],
    [1000, 1],
    [-1, -1],
  ])('puts %i ms into whole seconds as %i', (occurredAt, timestamp) => {
    expect(messageVariables(storedEvent({ occurredAt }))).toMatchObject({ timestamp });
  });
});

test.each<[Json, string]>([
  ['', ''],
  ['text, as it is ✓', 'text, as it is ✓'],
  [null, ''],
  [0, '0'],
  [-1.5, '-1.5'],
  [1e21, '1e+21'],
  [true, 'true'],
  [false, 'false'],
  [[1, 'a', null], '[1,"a",null]'],
  [{ a: { b: [] } }, '{"a":{"b":[]}}'],
  [[], '[]'],
  [{}, '{}'],
])('%j as text is %j', (value, text) => {
  expect(asText(value)).toBe(text);
});
