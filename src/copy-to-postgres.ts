import { checkMethods, checkObject, refuse } from './core/check.ts';
import { OutboundEventsError } from './core/errors.ts';
import type { ContentCounts } from './core/storage-content.ts';
import { copyContent } from './postgres/copy-content.ts';
import { checkSchema } from './postgres/migrate.ts';
import type { PostgresPool } from './postgres/pool.ts';

export interface CopyToPostgresOptions {
  /** Path of the file of a `SqliteStorage`. No host may have it open; it is not changed. */
  readonly file: string;
  /** A `Pool` of `pg`; it stays the caller's, who ends it. */
  readonly pool: PostgresPool;
  /** The schema to copy to: empty, or not there yet. Default: `outbound_events`. */
  readonly schema?: string | undefined;
  /** Is told how far it is, after every 1,000 rows at most. What it throws ends the copy. */
  readonly onProgress?: ((progress: CopyProgress) => void) | undefined;
}

/** How far a copy is. */
export interface CopyProgress {
  /** Rows that were copied: recipients, events, deliveries and dropped deliveries. */
  readonly copied: number;
  /** How many there are. */
  readonly of: number;
}

/**
 * Copies all that the file of a `SqliteStorage` holds to where a `PostgresStorage` goes on with it: recipients and their
 * state, what waits for them in its order, ids that are remembered, and the list of what was dropped. All of it in one
 * transaction, which is checked before it is committed. Resolves with what was copied.
 *
 * Rejects, and nothing is kept: with `ERR_STORAGE_LOCKED` while a host has the file, with `ERR_COPY_TARGET` when the
 * schema is not empty, with `ERR_COPY_DIFFERS` when the copy is not what the file holds, or as storages do. After
 * `ERR_OUTCOME_UNKNOWN` it may have been kept.
 */
export async function copyToPostgres(options: CopyToPostgresOptions): Promise<ContentCounts> {
  const given = checkObject(options, 'copyToPostgres options', ['file', 'pool', 'schema', 'onProgress']);
  checkMethods(given.pool, 'pool', ['connect']);
  const schema = checkSchema(given.schema);
  if (given.onProgress !== undefined && typeof given.onProgress !== 'function') {
    refuse('ERR_CONFIG_VALUE', 'onProgress', 'a function');
  }
  const { openStoredContent } = await import('./sqlite/stored-content.ts');
  const content = openStoredContent(given.file);
  try {
    const counts = content.counts();
    await copyContent(content, { pool: options.pool, schema }, progressOf(counts, options.onProgress));
    return counts;
  } finally {
    content.close();
  }
}

function progressOf(
  { recipients, events, deliveries, dropped }: ContentCounts,
  tell: CopyToPostgresOptions['onProgress'],
) {
  const of = recipients + events + deliveries + dropped;
  let copied = 0;
  return (rows: number): void => {
    copied += rows;
    try {
      tell?.({ copied, of });
    } catch (cause) {
      throw new OutboundEventsError('ERR_LISTENER', 'onProgress threw; nothing of the copy was kept', { cause });
    }
  };
}
