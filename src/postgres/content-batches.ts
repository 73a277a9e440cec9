import type { ContentTable } from './content-tables.ts';

/** At most so many, and about so many characters. */
const largestBatch = { rows: 1_000, characters: 1024 * 1024 };

/** Rows that are written together. */
export interface Batch {
  /** Places of the first row and of the last. */
  readonly first: readonly number[];
  readonly last: readonly number[];
  /** JSON text of the rows as they are written, and as they must be read back. */
  readonly given: string;
  readonly stored: string;
  /** How many rows there are. */
  readonly size: number;
}

/** The rows, a batch at a time. */
export function* batches<Row>({ given, place, stored }: ContentTable<Row>, rows: Iterable<Row>): Generator<Batch> {
  let batch: Row[] = [];
  let texts: string[] = [];
  let characters = 0;
  const taken = (): Batch => {
    const [first, last] = [batch[0] as Row, batch.at(-1) as Row];
    const all = {
      ...{ first: place(first), last: place(last), size: batch.length },
      ...{ given: `[${texts.join()}]`, stored: JSON.stringify(batch.map(stored)) },
    };
    batch = [];
    texts = [];
    characters = 0;
    return all;
  };
  for (const row of rows) {
    const text = JSON.stringify(given(row));
    batch.push(row);
    texts.push(text);
    characters += text.length;
    if (batch.length === largestBatch.rows || characters >= largestBatch.characters) yield taken();
  }
  if (batch.length > 0) yield taken();
}
