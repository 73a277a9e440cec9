import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { tsconfigPaths: true },
  test: {
    environment: 'node',
    include: ['test/**/*.test.ts'],
    exclude: ['test/package/**'],
    globalSetup: ['test/postgres/shared-server.ts'],
    // Only to end a test that hangs: none waits for time to pass.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // `npm run check:code` reports errors outside the type tests.
    typecheck: { enabled: true, include: ['test/**/*.test-d.ts'], ignoreSourceErrors: true },
    coverage: {
      provider: 'v8',
      include: ['src/**'],
      reporter: [['text', { skipFull: true }]],
      thresholds: { 'src/core/**': { branches: 100 } },
    },
    reporters: process.env.CI
      ? ['default', ['json', { outputFile: `test-results/${process.env.npm_lifecycle_event}.json` }]]
      : ['default'],
  },
});
