import { defineConfig } from 'vitest/config';

/** The kill tests at full length: `npm run test:long`. */
export default defineConfig({
  test: {
    include: ['test/reliability/kill.test.ts'],
    env: { TEST_LENGTH: 'long' },
    reporters: process.env.CI
      ? ['default', ['json', { outputFile: `test-results/${process.env.npm_lifecycle_event}.json` }]]
      : ['default'],
  },
});
