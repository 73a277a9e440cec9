import { expect, test } from 'vitest';
import { eventDigest } from '../../src/core/event-digest.ts';

test('the digest is that of the type and the data, and of nothing else', () => {
  const event = { type: 'order.paid', data: '{"n":1}' };
  const repeated = { ...event, id: 'e1', version: '2', occurredAt: 5, acceptedAt: 6 };
  expect(eventDigest(repeated)).toBe(eventDigest(event));
  expect(eventDigest({ ...event, data: '{"n":2}' })).not.toBe(eventDigest(event));
  expect(eventDigest({ ...event, type: 'order.sent' })).not.toBe(eventDigest(event));
});

test('the digest stays the same over releases: storages keep it', () => {
  expect(eventDigest({ type: 'order.paid', data: '{"n":1}' })).toBe('+8/U63uLj6XY+7BJEQnKl4iKOPp+LLStjTRNTvbVlms=');
});
