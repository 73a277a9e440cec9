import { defineConfig } from 'vitest/config';

/** Tests of the package as it is published: `npm run test:package` and `npm run test:matrix`. */
export default defineConfig({
  test: {
    include: ['test/package/*.test.ts'],
    globalSetup: ['test/package/install-package.ts'],
    testTimeout: 120_000,
    reporters: process.env.CI
      ? ['default', ['json', { outputFile: `test-results/${process.env.npm_lifecycle_event}.json` }]]
      : ['default'],
  },
});
