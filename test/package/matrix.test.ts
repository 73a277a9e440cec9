import { describe, expect, inject, it } from 'vitest';
import { expectCommand, expectDelivery, expectEntryPoints, expectTooOld, type Node } from './expect-of-host.ts';
import { run } from './run.ts';

const host = inject('host');

describe.each(['22.13.0', '24', '26'])('Node.js %s', (version) => {
  it('is the one that runs here', async () => {
    const [program, ...args] = nodeOf(version);
    expect(await run(program, [...args, '--version'], host)).toMatch(new RegExp(`^v${version}\\b`));
  });

  it.each(['esm.mjs', 'commonjs.cjs', 'undici.mjs'])('delivers from %s', async (script) => {
    await expectDelivery(nodeOf(version), script, host);
  });

  it.each(['entry-points.mjs', 'entry-points.cjs'])('finds every entry point from %s', async (script) => {
    await expectEntryPoints(nodeOf(version), script, host);
  });

  it('runs the command', async () => {
    await expectCommand(nodeOf(version), host);
  });
});

describe('Node.js 20', () => {
  it('is told what is needed', async () => {
    await expectTooOld(nodeOf('20'), host);
  });
});

/** Node.js as the npm package of that name brings it. */
function nodeOf(version: string): Node {
  return ['npm', 'exec', '--yes', `--package=node@${version}`, '--', 'node'];
}
