/** An error as the system's are: all that counts is its code, which `connectionError` knows. */
export function codedError(code: string): Error {
  return Object.assign(new Error(code), { code });
}

/** The code of what was thrown; empty when it has none. */
export function errorCode(error: unknown): string {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  return typeof code === 'string' ? code : '';
}
