import { OutboundEventsError } from '../core/errors.ts';
import type { ContentCounts } from '../core/storage-content.ts';
import type { SqlNames } from './sql-function.ts';
import { type Query, setForTransaction } from './transaction-settings.ts';

/** Sees to it that what comes later gets higher numbers than all that was copied, and that bytes are counted on from it. */
export async function setNumbers(query: Query, { schema }: SqlNames, fence: number): Promise<void> {
  const identity = (table: string, column: string) => `pg_get_serial_sequence('${schema}.${table}', '${column}')`;
  const highest: readonly (readonly [sequence: string, number: string])[] = [
    [`'${schema}.event_keys'`, `(SELECT max(key) FROM ${schema}.events)`],
    [`'${schema}.fences'`, `${fence}`],
    [identity('recipients', 'key'), `(SELECT max(key) FROM ${schema}.recipients)`],
    [identity('dropped', 'number'), `(SELECT max(number) FROM ${schema}.dropped)`],
  ];
  for (const [sequence, number] of highest) {
    await query(`
      SELECT setval(s.name, greatest(pg_sequence_last_value(s.name), s.number))
      FROM (SELECT ${sequence}::regclass AS name, ${number}::bigint AS number) s WHERE s.number > 0`);
  }
  // As if of recipients that are gone: then those of each queue need not be told apart.
  await query(`
    UPDATE ${schema}.totals SET revision = revision + 1,
      bytes = (SELECT coalesce(sum(octet_length(data)), 0) FROM ${schema}.payloads)`);
}

/** Makes sure that there are no more rows than those that were read back, and that they fit together. */
export async function checkSums(query: Query, { schema }: SqlNames, counts: ContentCounts): Promise<void> {
  // All rows are looked at.
  await setForTransaction(query, { enable_seqscan: 'on', enable_hashjoin: 'on', enable_mergejoin: 'on' });
  for (const [table, expected] of Object.entries(counts)) {
    const [row] = await query(`SELECT count(*)::float8 AS count FROM ${schema}.${table}`);
    const { count } = row as { readonly count: number };
    if (count !== expected) throw differs(`of ${expected} ${table} in the file ${count} were copied`);
  }
  const [row] = await query(`
    SELECT (
      SELECT count(*)::float8 FROM ${schema}.queues q JOIN ${schema}.tails t ON t.recipient = q.recipient
        FULL JOIN (
          SELECT recipient, count(*) AS waiting, min(sequence) AS first, max(sequence) AS last
          FROM ${schema}.deliveries GROUP BY recipient
        ) d ON d.recipient = q.recipient
      WHERE (q.settled + coalesce(d.waiting, 0), coalesce(d.first, q.settled + 1), coalesce(d.last, t.last))
        IS DISTINCT FROM (t.last, q.settled + 1, t.last)
    ) AS queues, (
      SELECT count(*)::float8 FROM ${schema}.payloads p LEFT JOIN ${schema}.shares s ON s.event = p.event
        FULL JOIN (
          SELECT event, count(*) AS waiting, bool_and(shared) AS shared FROM ${schema}.deliveries GROUP BY event
        ) d ON d.event = p.event
      WHERE p.event IS NULL
        OR (d.waiting, d.shared) IS DISTINCT FROM (coalesce(s.waiting, 1)::bigint, s.waiting IS NOT NULL)
    ) AS events`);
  const { queues, events } = row as { readonly queues: number; readonly events: number };
  if (queues > 0) throw differs(`${queues} queues do not hold what they should`);
  if (events > 0) throw differs(`${events} events do not wait for as many recipients as they should`);
}

/** The error for a copy that is not what it should be. */
export function differs(finding: string): OutboundEventsError {
  return new OutboundEventsError('ERR_COPY_DIFFERS', `${finding}; nothing of the copy was kept`);
}
