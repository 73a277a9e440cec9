/** What a suite needs of a test runner: `test` and, if wanted, `describe` of vitest, of node:test, or of the caller's own. */
export interface TestRunner {
  readonly test: (name: string, body: () => Promise<void>) => unknown;
  /** Groups the tests by theme. Without it the theme stands before each name. */
  readonly describe?: ((name: string, body: () => void) => unknown) | undefined;
}

/** Tests by theme, and within it by what they say. */
export type Themes<Subject> = Readonly<Record<string, Theme<Subject>>>;

/** Tests of one theme, by what they say. */
export type Theme<Subject> = Readonly<Record<string, (subject: Subject) => Promise<void>>>;

/** Registers every test with the runner; `run` gives each its own subject. */
export function register<Subject>(
  { test, describe }: TestRunner,
  themes: Themes<Subject>,
  run: (body: (subject: Subject) => Promise<void>) => Promise<void>,
): void {
  for (const [theme, tests] of Object.entries(themes)) {
    const each = (prefix: string): void => {
      for (const [name, body] of Object.entries(tests)) test(prefix + name, () => run(body));
    };
    if (describe === undefined) each(`${theme}: `);
    else describe(theme, () => each(''));
  }
}
