/** As `result`, but rejects as soon as `signal` aborts, whether or not whoever makes the result takes notice of it. */
export function unlessAborted<Result>(result: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    const then = <Outcome>(settle: (outcome: Outcome) => void) => {
      return (outcome: Outcome): void => {
        signal.removeEventListener('abort', abort);
        settle(outcome);
      };
    };
    result.then(then(resolve), then(reject));
  });
}
