/**
 * Time, injected so that every rule can be tried without waiting. {@link systemClock} is the default;
 * `ManualClock` from `outbound-events/testing` is for tests.
 */
export interface Clock {
  /** Wall-clock time, epoch ms. May jump. Only for what people and receivers read. */
  now(): number;
  /**
   * Epoch ms that never jumps while the process runs: the wall clock when the process started plus the time since.
   * Every age, wait and limit is reckoned with this.
   */
  steady(): number;
  /** Calls back once after `delayMs`, however long that is. Returns the cancellation, which may be called any number of times. */
  setTimer(delayMs: number, callback: () => void): () => void;
}

/** `setTimeout` fires at once from 2^31 ms on, so longer waits are made of steps. */
const longestStepMs = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  steady: () => Math.floor(performance.timeOrigin + performance.now()),
  setTimer(delayMs, callback) {
    let remainingMs = Math.max(0, delayMs);
    let timer: NodeJS.Timeout;
    const step = (): void => {
      const stepMs = Math.min(remainingMs, longestStepMs);
      remainingMs -= stepMs;
      timer = setTimeout(remainingMs > 0 ? step : callback, stepMs);
    };
    step();
    return () => clearTimeout(timer);
  },
};

/** A time reckoned with `steady`, as a wall clock shows it now: for people to read. */
export function wallTime(clock: Clock, steadyTime: number): number {
  return Math.round(steadyTime + clock.now() - clock.steady());
}
