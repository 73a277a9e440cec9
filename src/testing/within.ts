import { AssertionError } from 'node:assert';

/** What `work` resolves with. Fails, saying `what()`, when that takes longer than `limitMs`; no timer is left behind. */
export async function within<Value>(limitMs: number, work: Promise<Value>, what: () => string): Promise<Value> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new AssertionError({ message: what() })), limitMs);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
