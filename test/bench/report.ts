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
  /** What one has to know to read it: a sentence each. */
  readonly notes?: readonly string[];
  readonly rows: readonly Row[];
}

/** Prints it as Markdown, whose columns stand in line. */
export function print({ title, notes = [], rows }: Table): void {
  const [first = {}] = rows;
  const lines = [Object.keys(first), ...rows.map((row) => Object.values(row).map(textOf))];
  const widths = Object.keys(first).map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const [head = '', ...body] = lines.map(
    (line) => `| ${line.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`,
  );
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`;
  console.log(`\n${[title, ...notes, '', ...(rows.length > 0 ? [head, rule, ...body] : [])].join('\n')}`);
}

function textOf(value: Row[string]): string {
  if (typeof value !== 'number') return value ?? '';
  return Number(value.toPrecision(3)).toLocaleString('en', { maximumSignificantDigits: 3 });
}
