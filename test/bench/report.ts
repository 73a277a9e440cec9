/** One line of a table: its cells by the names of the columns. */
export type Row = Readonly<Record<string, string | number | null>>;

/** What a part of the bench has found: for people the tables, for machines all of it. */
export interface Report {
  readonly tables: readonly Table[];
  /** The figures of each round. */
  readonly rounds: unknown;
}

export interface Table {
  readonly title: string;
  readonly rows: readonly Row[];
}

export function print({ title, rows }: Table): void {
  console.log(`\n${title}`);
  const rounded = (value: Row[string]): Row[string] =>
    typeof value === 'number' ? Number(value.toPrecision(3)) : value;
  console.table(
    rows.map((row) => Object.fromEntries(Object.entries(row).map(([name, value]) => [name, rounded(value)]))),
  );
}
