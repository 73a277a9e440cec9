import { globSync, readFileSync } from 'node:fs';

/** One row of `docs/faults.md`. */
export interface FaultRow {
  readonly id: string;
  readonly fault: string;
  /** Codes of the error; none where nothing fails. */
  readonly codes: readonly string[];
  /** What people read, with `…` for what differs from case to case. */
  readonly sentence: string;
  readonly tests: readonly string[];
}

/** The rows of all tables of the document. */
export function faultRows(markdown: string): readonly FaultRow[] {
  return Array.from(markdown.matchAll(rowPattern), ([, ...cells]) => {
    const [id = '', fault = '', codes = '', sentence = '', tests = ''] = cells.map((cell) => String(cell).trim());
    return { id, fault, codes: quoted(codes), sentence, tests: quoted(tests) };
  });
}

/** The document with the last cell of each row as the titles of the tests have it. */
export function withTestFiles(markdown: string): string {
  const files = testFilesById();
  return markdown.replace(rowPattern, (row, id: string) => {
    const tests = (files.get(id.trim()) ?? []).map((file) => `\`${file}\``).join(', ');
    return `${row.split('|').slice(0, 5).join('|')}| ${tests} |`;
  });
}

const rowPattern = /^\|( [FS]\d+ )\|([^|\n]+)\|([^|\n]+)\|([^|\n]+)\|([^|\n]*)\|$/gm;

function quoted(cell: string): readonly string[] {
  return Array.from(cell.matchAll(/`([^`]+)`/g), ([, text]) => String(text));
}

/** Test files by the ids that stand in the titles of their tests: `F36: …`, `F36, F37: …`, or `… (F36)` at the end. */
function testFilesById(): ReadonlyMap<string, readonly string[]> {
  const files = new Map<string, string[]>();
  for (const file of globSync(['test/**/*.test.ts', 'src/testing/transport-*.ts']).sort()) {
    const text = readFileSync(file, 'utf8');
    const titles = [
      ...text.matchAll(/['"`]((?:[FS]\d+, )*[FS]\d+): /g),
      ...text.matchAll(/\(((?:[FS]\d+, )*[FS]\d+)\)['"`]/g),
    ];
    const ids = new Set(titles.flatMap(([, list]) => String(list).split(', ')));
    for (const id of ids) files.set(id, [...(files.get(id) ?? []), file]);
  }
  return files;
}
