import { spawnSync } from 'node:child_process';

/** What `faketime` has a program loaded with, that shifts its clock. */
const library = spawnSync('faketime', ['-m', '-f', '+0s', 'printenv', 'LD_PRELOAD'], {
  encoding: 'utf8',
}).stdout?.trim();

/** Whether libfaketime is on this machine. */
export const hasFaketime = Boolean(library);

/**
 * The variables for a process whose wall clock is another one's: so many minutes ahead, or behind if negative. Its timers,
 * and what counts the time since its start, go on as they would.
 */
export function clockAhead(minutes: number): NodeJS.ProcessEnv {
  return {
    LD_PRELOAD: library,
    FAKETIME: `${minutes < 0 ? '-' : '+'}${Math.abs(minutes)}m`,
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  };
}
