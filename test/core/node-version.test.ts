import { describe, expect, it } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { isOutboundEventsError } from '../../src/core/errors.ts';
import { assertNodeVersion } from '../../src/core/node-version.ts';

describe('assertNodeVersion', () => {
  it.each(['22.13.0', '22.13.1', '22.22.0', '23.0.0', '24.0.0', '26.1.0', '100.0.0'])('accepts %s', (version) => {
    expect(() => assertNodeVersion(version)).not.toThrow();
  });

  it.each(['22.12.9', '22.9.0', '20.20.2', '18.0.0', '9.99.9', '', 'unknown'])('refuses "%s"', (version) => {
    expect(() => assertNodeVersion(version)).toThrow(expect.objectContaining({ code: 'ERR_NODE_VERSION' }));
  });

  it('says what is needed and what is there in one sentence, without a stack', () => {
    const thrown = thrownBy(() => assertNodeVersion('20.20.2'));
    expect(isOutboundEventsError(thrown) && thrown.stack).toBe(
      'OutboundEventsError: outbound-events needs Node.js 22.13 or newer; this is Node.js 20.20.2.',
    );
  });

  it('asks for the version that package.json asks for', () => {
    const oldest = manifest.engines.node.replace('>=', '');
    expect(() => assertNodeVersion(oldest)).not.toThrow();
    expect(thrownBy(() => assertNodeVersion('0.0.0'))).toHaveProperty(
      'message',
      expect.stringContaining(`Node.js ${oldest.replace(/\.0$/, '')} or newer`),
    );
  });
});

function thrownBy(act: () => void): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  return undefined;
}
