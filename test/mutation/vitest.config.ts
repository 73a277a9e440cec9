import { defineConfig } from 'vitest/config';

/** The tests that own the clock and touch no disk: the rules, and the loops that follow them. */
export default defineConfig({
  test: {
    include: ['test/{core,dispatch}/**/*.test.ts'],
    isolate: false,
    testTimeout: 60_000,
  },
});
