/** What a client answers: several statements in one text have an answer each. */
type Answer = { readonly rows: readonly unknown[] };

/**
 * A statement with its parameter in its text, after another that makes its transaction READ COMMITTED: both are one
 * message, and one transaction. For a server whose transactions are of a higher level by default.
 */
export function readCommitted(text: string, [value = '']: readonly string[]): string {
  // In such a literal a backslash stands for itself when doubled, whatever the settings of the server are.
  const literal = `E'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
  return `SET TRANSACTION ISOLATION LEVEL READ COMMITTED; ${text.replace('$1', () => literal)}`;
}

/** The rows that the last statement of a text answered with. */
export function lastRows(answer: Answer | readonly Answer[]): readonly unknown[] {
  const last = 'rows' in answer ? answer : answer.at(-1);
  return last?.rows ?? [];
}
