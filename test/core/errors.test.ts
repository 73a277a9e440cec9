import { inspect } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import { isOutboundEventsError, OutboundEventsError } from '../../src/core/errors.ts';

describe('an OutboundEventsError', () => {
  const error = new OutboundEventsError('ERR_CONFIG_URL', 'url must be an absolute URL', { field: 'url' });

  it('is an Error with a name, a code, a message and the field at fault', () => {
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ code: 'ERR_CONFIG_URL', field: 'url' });
    expect(String(error)).toBe('OutboundEventsError: url must be an absolute URL');
    expect(error.stack).toMatch(/^OutboundEventsError: url must be an absolute URL\n {4}at /);
  });

  it('shows its code and field where it is logged, and nothing else', () => {
    expect(Object.keys(error)).toEqual(['code', 'field']);
    expect(JSON.stringify(error)).toBe('{"code":"ERR_CONFIG_URL","field":"url"}');
    expect(inspect(error)).toMatch(/ \{\n {2}code: 'ERR_CONFIG_URL',\n {2}field: 'url'\n\}$/);
  });

  it('has no field and no cause unless it is given them', () => {
    const plain = new OutboundEventsError('ERR_STOPPED', 'stopped');
    expect(plain.field).toBeUndefined();
    expect('cause' in plain).toBe(false);
  });

  it('keeps the cause it is given', () => {
    const cause = new Error('disk');
    expect(new OutboundEventsError('ERR_STORAGE_IO', 'disk failed', { cause }).cause).toBe(cause);
  });
});

describe('isOutboundEventsError', () => {
  it('knows the errors of another copy of the package, which instanceof does not', async () => {
    vi.resetModules();
    const other = await import('../../src/core/errors.ts');
    expect(other.OutboundEventsError).not.toBe(OutboundEventsError);

    const theirs = new other.OutboundEventsError('ERR_STOPPED', 'stopped');
    expect(theirs).not.toBeInstanceOf(OutboundEventsError);
    expect(isOutboundEventsError(theirs)).toBe(true);
    expect(other.isOutboundEventsError(new OutboundEventsError('ERR_STOPPED', 'stopped'))).toBe(true);
  });

  it.each([undefined, null, 'ERR_STOPPED', 0, Symbol.iterator, {}, [], new Error('other'), { code: 'ERR_STOPPED' }])(
    'does not take %o for one',
    (value) => {
      expect(isOutboundEventsError(value)).toBe(false);
    },
  );
});
