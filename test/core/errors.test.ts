import { inspect } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import { isOutboundEventsError, OutboundEventsError, toOwnError } from '../../src/core/errors.ts';
import { secret } from './refusal.ts';

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

describe('toOwnError', () => {
  it('gives back an error of ours, also one of another copy', async () => {
    const own = new OutboundEventsError('ERR_STORAGE_FULL', 'the disk is full');
    expect(toOwnError(own, 'ERR_STORAGE_FAILED', 'the storage failed')).toBe(own);
    vi.resetModules();
    const other = await import('../../src/core/errors.ts');
    expect(other.toOwnError(own, 'ERR_STORAGE_FAILED', 'the storage failed')).toBe(own);
  });

  it.each([new Error(secret), { message: secret }, secret, undefined, null])(
    'makes one of %o, and shows nothing of it',
    (error) => {
      const own = toOwnError(error, 'ERR_STORAGE_FAILED', 'the storage failed');
      expect(isOutboundEventsError(own)).toBe(true);
      expect(own).toMatchObject({ code: 'ERR_STORAGE_FAILED', message: 'the storage failed' });
      expect(inspect(own, { depth: 10 })).not.toContain(secret);
    },
  );
});
