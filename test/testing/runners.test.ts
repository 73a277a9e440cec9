import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const fixture = fileURLToPath(new URL('./runners/node-test.fixture.ts', import.meta.url));

test('both suites run under node:test, with and without describe', async () => {
  const child = spawn(process.execPath, ['--test', '--test-reporter=tap', fixture], {
    stdio: ['ignore', 'pipe', 'inherit'],
    // Inherited from a runner, it would make this one a part of it.
    env: { ...process.env, NODE_TEST_CONTEXT: undefined },
  });
  const report = await text(child.stdout);
  expect(report).toMatch(/^# fail 0$/m);
  const [, passed] = report.match(/^# pass (\d+)$/m) ?? [];
  expect(Number(passed)).toBeGreaterThan(300);
  expect(report).toMatch(/^ok \d+ - leases: a lease keeps other holders away$/m);
  expect(report).toMatch(/^# Subtest: response summary$/m);
});
