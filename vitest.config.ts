import { defineConfig } from 'vitest/config';
import './test/support/keep-compiled.ts';

/** They count what their process holds, or have its timers replaced. */
const alone = ['test/simulation/*.test.ts', 'test/http/http-time.test.ts', 'test/email/sessions.test.ts'];

/** They send by the transport of test/http/transport.ts, and are run a second time for the other one. */
const overHttp =
  'test/http/{client-certificate,cloud-event,dns,hosts-file,http-*,proxy,rebinding,ssrf,tls-zoo}.test.ts';

export default defineConfig({
  resolve: { tsconfigPaths: true },
  test: {
    environment: 'node',
    // Most tests wait for disks, sockets and other processes.
    maxWorkers: '100%',
    globalSetup: ['test/postgres/shared-server.ts'],
    // Only to end a test that hangs: none waits for time to pass.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'tests',
          include: ['test/**/*.test.ts'],
          exclude: ['test/package/**', ...alone, '**/node_modules/**'],
          // No test leaves anything behind that another could find; a worker for each file takes as long as half of the tests.
          isolate: false,
          // `npm run check:code` reports errors outside the type tests.
          typecheck: { enabled: true, include: ['test/**/*.test-d.ts'], ignoreSourceErrors: true },
        },
      },
      { extends: true, test: { name: 'alone', include: alone } },
      { extends: true, test: { name: 'undici', include: [overHttp], env: { HTTP_CLIENT: 'undici' } } },
    ],
    coverage: {
      provider: 'v8',
      include: ['src/core/**'],
      reporter: [['text', { skipFull: true }]],
      thresholds: { branches: 100 },
    },
    reporters: process.env.CI
      ? ['default', ['json', { outputFile: `test-results/${process.env.npm_lifecycle_event}.json` }]]
      : ['default'],
  },
});
