import { OutboundEventsError } from '../core/errors.ts';
import type { StorageContent } from '../core/storage-content.ts';
import { Connections } from './connections.ts';
import { batches } from './content-batches.ts';
import { checkSums, differs, setNumbers } from './content-checks.ts';
import { type ContentTable, deliveryTable, droppedTable, eventTable, recipientTable } from './content-tables.ts';
import { checkServer, migrate, sqlNames } from './migrate.ts';
import type { PostgresClient, PostgresPool } from './pool.ts';
import { statementError } from './postgres-error.ts';
import type { SqlNames } from './sql-function.ts';
import { setForTransaction } from './transaction-settings.ts';

/** Limits and plans that are good for what a host does are not for this. */
const settings = {
  lock_timeout: '10s',
  statement_timeout: '0',
  transaction_timeout: '0',
  idle_in_transaction_session_timeout: '0',
  synchronous_commit: 'on',
  // Nothing is known yet of tables that were just empty, and rows are looked up by their keys only.
  enable_seqscan: 'off',
  enable_bitmapscan: 'off',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
};
/** For a connection; and for the answer to one statement, of which some look at all that was copied. */
const connectMs = 25_000;
const answerMs = 15 * 60_000;

/**
 * Copies the content of a storage into a schema, in one transaction: all of it, or nothing. Rows are read back as they are
 * written, and in the end all is counted. The schema is made if need be, and must be empty (`ERR_COPY_TARGET`); until the
 * end nobody else can use it.
 *
 * @param onBatch is told how many rows more have been copied.
 */
export async function copyContent(
  content: StorageContent,
  { pool, schema }: { readonly pool: PostgresPool; readonly schema: string },
  onBatch: (rows: number) => void,
): Promise<void> {
  const connections = new Connections(pool, connectMs);
  const client = await connections.take();
  const copy = new Copy(content, { connections, client }, sqlNames(schema), onBatch);
  try {
    await copy.write();
    await copy.commit();
  } catch (error) {
    // The server rolls back when the connection closes.
    connections.give(client, true);
    throw error;
  }
  connections.give(client, false);
}

class Copy {
  readonly #content: StorageContent;
  readonly #connections: Connections;
  readonly #client: PostgresClient;
  readonly #names: SqlNames;
  readonly #onBatch: (rows: number) => void;

  constructor(
    content: StorageContent,
    { connections, client }: { readonly connections: Connections; readonly client: PostgresClient },
    names: SqlNames,
    onBatch: (rows: number) => void,
  ) {
    this.#content = content;
    this.#connections = connections;
    this.#client = client;
    this.#names = names;
    this.#onBatch = onBatch;
  }

  /** Everything but the commit. Whatever it rejects with, nothing is kept. */
  async write(): Promise<void> {
    const { schema } = this.#names;
    try {
      await checkServer(this.#connections.bounded(this.#client));
      await migrate(this.#connections, this.#client, this.#names);
      await this.#begin();
      await this.#copy(recipientTable(schema), this.#content.recipients());
      await this.#copy(eventTable(schema), this.#content.events());
      await this.#copy(deliveryTable(schema), this.#content.deliveries());
      await this.#copy(droppedTable(schema), this.#content.dropped());
      await setNumbers(this.#query, this.#names, this.#content.fence());
      await checkSums(this.#query, this.#names, this.#content.counts());
    } catch (error) {
      const reason = statementError(error);
      if (reason.code !== 'ERR_OUTCOME_UNKNOWN') throw reason;
      throw new OutboundEventsError(
        'ERR_STORAGE_UNAVAILABLE',
        'the connection to PostgreSQL was lost during the copy; nothing of it was kept: begin it again',
      );
    }
  }

  async commit(): Promise<void> {
    try {
      await this.#query('COMMIT');
    } catch (error) {
      throw statementError(error);
    }
  }

  async #begin(): Promise<void> {
    const { schema, lockClass } = this.#names;
    await this.#query('BEGIN ISOLATION LEVEL READ COMMITTED');
    await setForTransaction(this.#query, settings);
    const tables = ['recipients', 'tails', 'queues', 'events', 'payloads', 'deliveries', 'shares', 'staged', 'dropped'];
    const all = [...tables, 'holders', 'totals'].map((table) => `${schema}.${table}`);
    await this.#query(`LOCK TABLE ${all.join()} IN ACCESS EXCLUSIVE MODE`);
    const [found] = await this.#query(`
      SELECT ${tables.map((table) => `EXISTS (SELECT FROM ${schema}.${table})`).join(' OR ')} AS is_used,
        -- As a process shows that it lives; without a session of its own, by what it has announced.
        EXISTS (
          SELECT FROM pg_locks WHERE locktype = 'advisory' AND classid::bigint = ${lockClass}::bigint & 4294967295
            AND objid <> 0 AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        ) OR EXISTS (SELECT FROM ${schema}.holders WHERE expires_at > ${schema}.lease_clock()) AS is_open`);
    const { is_used, is_open } = found as { readonly is_used: boolean; readonly is_open: boolean };
    if (is_used) throw unfit(schema, 'it holds recipients or events already; give another schema, or drop this one');
    if (is_open) throw unfit(schema, 'a host has it open; stop it first');
  }

  async #copy<Row>(table: ContentTable<Row>, rows: Iterable<Row>): Promise<void> {
    for (const { first, last, given, stored, size } of batches(table, rows)) {
      await this.#query(table.write, [given]);
      const [answer] = await this.#query(table.readBack, [...first, ...last].map(String));
      const found: unknown = JSON.parse((answer as { readonly rows: string | null }).rows ?? '[]');
      if (JSON.stringify(found) !== stored) throw differs(`${table.name} were not stored as they are in the file`);
      this.#onBatch(size);
    }
  }

  readonly #query = async (text: string, values?: string[]): Promise<readonly unknown[]> =>
    (await this.#connections.within(this.#client.query(text, values), answerMs)).rows;
}

function unfit(schema: string, why: string): OutboundEventsError {
  return new OutboundEventsError('ERR_COPY_TARGET', `nothing can be copied to the schema ${schema}: ${why}`);
}
