import { defineConfig } from 'vitest/config';
import '../support/keep-compiled.ts';

/** What `npm test` tries in seconds, at full length, and what takes long only: `npm run test:long`, or one of them: `npm run test:long postgres/kill`. */
export default defineConfig({
  resolve: { tsconfigPaths: true },
  test: {
    include: [
      'test/reliability/{clock-jumps,kill,kill-points,planted-bugs}.test.ts',
      'test/reliability/soak.ts',
      'test/email/{address-masks,smtp-fuzz}.test.ts',
      'test/http/http-fuzz.test.ts',
      'test/sqlite/{crash,damage,flush,full-disk,power-cut}.test.ts',
      'test/planted/find-planted-bugs.ts',
      'test/simulation/*.test.ts',
      'test/model/{memory,sqlite,postgres,races/races}.test.ts',
      'test/postgres/{kill,pause,writers}.test.ts',
      'test/postgres/open-transaction.ts',
    ],
    globalSetup: ['test/postgres/shared-server.ts'],
    env: { TEST_LENGTH: 'long' },
    // One after the other: they measure, too.
    fileParallelism: false,
    reporters: process.env.CI
      ? ['default', ['json', { outputFile: `test-results/${process.env.npm_lifecycle_event}.json` }]]
      : ['default'],
  },
});
