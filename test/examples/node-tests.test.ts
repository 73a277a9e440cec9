import { describe, expect, it } from 'vitest';
import { RunningExample } from './run-example.ts';

describe('the examples with tests of their own', () => {
  it.each([
    ['custom-storage.test.ts', 'the storage passes the whole suite', 100],
    ['unit-test.test.ts', 'the service is tested without waiting', 3],
  ])('%s: %s', async (file, _what, fewest) => {
    const run = new RunningExample(['--test', '--test-reporter=tap', `examples/${file}`]);
    expect(await run.exitCode, run.output).toBe(0);
    expect(Number(/^# pass (\d+)$/m.exec(run.output)?.[1])).toBeGreaterThanOrEqual(fewest);
  });
});
