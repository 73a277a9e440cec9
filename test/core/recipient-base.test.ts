import { describe, expect, it } from 'vitest';
import { email, http } from './recipients.ts';
import { refusal } from './refusal.ts';

const minute = 60_000;
const day = 24 * 60 * minute;

describe('the name and id of a recipient', () => {
  it.each([
    ['CRM', 'crm'],
    ['Help Desk (EU)', 'help-desk-eu'],
    ['  Größe & Co  ', 'gro-e-co'],
    ['Ångström №5', 'angstrom-no5'],
    ['--a--', 'a'],
    ['x'.repeat(200), 'x'.repeat(64)],
  ])('%s makes the id %s', (name, id) => {
    expect(http({ name })).toMatchObject({ id, name: name.trim() });
  });

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', '.', '-', '_', '0', 'A.b-C_9', 'x'.repeat(64)])(
    'may be %s, an id like any other, and then name it too',
    (id) => {
      expect(http({ id, name: undefined })).toMatchObject({ id, name: id });
      expect(email({ id })).toMatchObject({ id, name: 'Managers' });
    },
  );

  it.each<[unknown]>([[''], ['a b'], ['a/b'], ['ä'], ['a\n'], ['x'.repeat(65)], [null], [5], [['a']], [{}]])(
    'may not be the id %j',
    (id) => {
      for (const name of [undefined, 'Name']) {
        const { code, field, message } = refusal(() => http({ id, name }));
        expect({ code, field }).toEqual({ code: 'ERR_CONFIG_ID', field: 'id' });
        expect(message).toContain('id must be 1 to 64 characters of A-Z a-z 0-9 _ . -; got ');
      }
    },
  );

  it.each<[unknown]>([[undefined], [''], ['  '], ['a\nb'], ['x'.repeat(201)], [null], [5], [['CRM']]])(
    'may not be the name %j',
    (name) => {
      const { code, field, message } = refusal(() => http({ name }));
      expect({ code, field }).toEqual({ code: 'ERR_CONFIG_VALUE', field: 'name' });
      expect(message).toContain('name must be 1 to 200 characters on one line');
      if (name !== undefined) expect(refusal(() => http({ name, id: 'crm' }))).toMatchObject({ field: 'name' });
    },
  );

  it.each(['Отдел', '部門', '!!!', '👍'])('cannot be the name %s alone, of which no id can be made', (name) => {
    const { code, field, message } = refusal(() => http({ name }));
    expect({ code, field }).toEqual({ code: 'ERR_CONFIG_ID', field: 'id' });
    expect(message).toBe(`id must be given, as the name has no letters or digits to make one of; got "${name}"`);
    expect(http({ name, id: 'dept' })).toMatchObject({ id: 'dept', name });
  });
});

describe('retry and alerts of a recipient', () => {
  it.each<[object, object]>([
    [{ interval: '1h' }, { interval: 60 * minute, duration: 3 * day }],
    [{ duration: '1h' }, { interval: minute, duration: 60 * minute }],
    [
      { interval: 100, duration: 100 },
      { interval: 100, duration: 100 },
    ],
    [{ interval: undefined }, { interval: minute, duration: 3 * day }],
  ])('with retry %j is %j', (retry, expected) => {
    expect(http({ retry }).retry).toEqual(expected);
  });

  it.each<[unknown, string, string]>([
    [{ interval: 0 }, 'retry.interval', 'from 100 ms to 365 days'],
    [{ interval: -1 }, 'retry.interval', 'from 100 ms to 365 days'],
    [{ interval: Number.NaN }, 'retry.interval', 'from 100 ms to 365 days'],
    [{ interval: '5' }, 'retry.interval', 'from 100 ms to 365 days'],
    [{ duration: Number.POSITIVE_INFINITY }, 'retry.duration', 'from 100 ms to 365 days'],
    [{ duration: 1e20 }, 'retry.duration', 'from 100 ms to 365 days'],
    [{ duration: 1000n }, 'retry.duration', 'from 100 ms to 365 days'],
    [{ interval: '1h', duration: '59m' }, 'retry.duration', 'at least retry.interval'],
    [{ interval: '4d' }, 'retry.duration', 'at least retry.interval'],
    [{ interval: 101, duration: 100 }, 'retry.duration', 'at least retry.interval'],
  ])('is refused with retry %o', (retry, field, message) => {
    const error = refusal(() => http({ retry }));
    expect({ code: error.code, field: error.field }).toEqual({ code: 'ERR_CONFIG_DURATION', field });
    expect(error.message).toContain(`${field} must be ${message}`);
  });

  it('may have alerts, off by default', () => {
    expect(http({ alerts: { to: 'ops@example.com, lead@example.com' } }).alerts).toEqual({
      to: ['ops@example.com', 'lead@example.com'],
      after: 15 * minute,
      resendEvery: 240 * minute,
      recovered: false,
    });
    for (const alerts of [undefined, null]) expect(http({ alerts }).alerts).toBeNull();
  });

  it.each<[unknown, string, string]>([
    ['ops@example.com', 'ERR_CONFIG_VALUE', 'alerts'],
    [true, 'ERR_CONFIG_VALUE', 'alerts'],
    [[], 'ERR_CONFIG_VALUE', 'alerts'],
    [{}, 'ERR_CONFIG_EMAIL', 'alerts.to'],
    [{ to: [] }, 'ERR_CONFIG_EMAIL', 'alerts.to'],
    [{ to: 'ops' }, 'ERR_CONFIG_EMAIL', 'alerts.to[0]'],
    [{ to: 'a@x.org', after: -1 }, 'ERR_CONFIG_DURATION', 'alerts.after'],
    [{ to: 'a@x.org', after: '15' }, 'ERR_CONFIG_DURATION', 'alerts.after'],
    [{ to: 'a@x.org', resendEvery: 0 }, 'ERR_CONFIG_DURATION', 'alerts.resendEvery'],
    [{ to: 'a@x.org', resendEvery: null }, 'ERR_CONFIG_DURATION', 'alerts.resendEvery'],
    [{ to: 'a@x.org', recovered: 1 }, 'ERR_CONFIG_VALUE', 'alerts.recovered'],
  ])('is refused with alerts %j', (alerts, code, field) => {
    expect(refusal(() => http({ alerts }))).toMatchObject({ code, field });
  });

  it.each<[unknown]>([[null], ['1m'], [5], [[]]])('is refused with retry %j', (retry) => {
    expect(refusal(() => http({ retry }))).toMatchObject({ code: 'ERR_CONFIG_VALUE', field: 'retry' });
  });

  it.each<[object, string]>([
    [{ enabled: 'yes' }, 'enabled'],
    [{ enabled: null }, 'enabled'],
    [{ whileDisabled: 'drop' }, 'whileDisabled'],
  ])('is refused with %j', (changes, field) => {
    expect(refusal(() => http(changes))).toMatchObject({ code: 'ERR_CONFIG_VALUE', field });
  });
});
