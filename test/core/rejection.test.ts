import { expect, it, test } from 'vitest';
import { parseRejection } from '../../src/core/rejection.ts';
import { refusal } from './refusal.ts';

const statuses = [400, 404, 409, 410, 413, 415, 422];

it('is the third answer that is about the event, unless told otherwise', () => {
  expect(parseRejection(undefined, 'rejection')).toEqual({ attempts: 3, statuses });
  expect(parseRejection({}, 'rejection')).toEqual({ attempts: 3, statuses });
  expect(parseRejection({ attempts: 1 }, 'rejection')).toEqual({ attempts: 1, statuses });
  expect(parseRejection({ statuses: [500, 500, 599] }, 'rejection')).toEqual({ attempts: 3, statuses: [500, 599] });
});

test.each<[unknown, string]>([
  [null, 'rejection'],
  [5, 'rejection'],
  [[400], 'rejection'],
  [{ attempts: 0 }, 'rejection.attempts'],
  [{ attempts: 1.5 }, 'rejection.attempts'],
  [{ attempts: '3' }, 'rejection.attempts'],
  [{ statuses: [] }, 'rejection.statuses'],
  [{ statuses: 400 }, 'rejection.statuses'],
  [{ statuses: [200] }, 'rejection.statuses'],
  [{ statuses: [302] }, 'rejection.statuses'],
  [{ statuses: [400, 600] }, 'rejection.statuses'],
  [{ statuses: [400, '404'] }, 'rejection.statuses'],
  [{ statuses: Array(1) }, 'rejection.statuses'],
])('%j is refused', (value, field) => {
  expect(refusal(() => parseRejection(value, 'rejection'))).toMatchObject({ code: 'ERR_CONFIG_VALUE', field });
});
