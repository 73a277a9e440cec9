import { describe, expect, test } from 'vitest';
import { Child, canMount } from './child.ts';
import { temporaryDirectory } from './storages.ts';

const rounds = process.env.TEST_LENGTH === 'long' ? 16 : 4;

/** What makes a small disk at `directory` that only the child sees. */
function onDiskOf(size: string, directory: string): readonly string[] {
  return [
    'unshare',
    '-rm',
    'sh',
    '-c',
    'mount -t tmpfs -o size="$0" tmpfs "$1" && shift && exec "$@"',
    size,
    directory,
  ];
}

describe.skipIf(!canMount)(
  'a full disk (skipped where a process cannot mount one of its own)',
  { timeout: 600_000 },
  () => {
    test.each([
      ['600k', 1, 1_000],
      ['4m', 16, 1_000],
      ['8m', 16, 200_000],
      ['24m', 64, 50_000],
    ])(
      'of %s, %i callers, events of %i bytes: what is stored is delivered, and only then there is room again',
      async (size, callers, bytes) => {
        const directory = await temporaryDirectory();
        const args = [directory, rounds, callers, bytes].map(String);
        const { code, lines, errors } = await new Child('fill-the-disk', args, onDiskOf(size, directory)).ended;
        expect({ code, errors }).toEqual({ code: 0, errors: '' });
        const told = lines.map((line) => JSON.parse(line));
        expect(told).toHaveLength(rounds);
        for (const { stored, refusals, whileSpent, delivered, afterwards } of told) {
          expect(stored).toBeGreaterThan(5);
          expect({ refusals, delivered, afterwards }).toEqual({
            refusals: ['ERR_STORAGE_FULL'],
            delivered: stored,
            afterwards: 'stored',
          });
          expect(['ERR_STORAGE_FULL', 'not spent', 'not spent any more']).toContain(whileSpent);
        }
        expect(told.map(({ whileSpent }) => whileSpent)).toContain('ERR_STORAGE_FULL');
      },
    );
  },
);
