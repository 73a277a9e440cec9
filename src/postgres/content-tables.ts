import { hash } from 'node:crypto';
import type {
  ContentCounts,
  ContentDelivery,
  ContentDropped,
  ContentEvent,
  ContentRecipient,
} from '../core/storage-content.ts';

/** How one sort of row of a storage's content is written into a schema, and how it is read back. */
export interface ContentTable<Row> {
  readonly name: keyof ContentCounts;
  /** A row as `write` takes it. */
  readonly given: (row: Row) => object;
  /** Takes a JSON list of rows. */
  readonly write: string;
  /** Where a row stands among the others. */
  readonly place: (row: Row) => readonly number[];
  /** Takes the places of two rows. Answers with a JSON list of what is stored from one to the other. */
  readonly readBack: string;
  /** What `readBack` answers for a row. */
  readonly stored: (row: Row) => readonly unknown[];
}

export function recipientTable(schema: string): ContentTable<ContentRecipient> {
  return {
    name: 'recipients',
    given: (row) => row,
    write: `
      WITH given AS MATERIALIZED (
        SELECT * FROM json_to_recordset($1::text::json)
          AS g (key bigint, id text, settings text, settled bigint, last bigint, state text)
      ), kept AS (
        INSERT INTO ${schema}.recipients (key, id, settings) OVERRIDING SYSTEM VALUE SELECT key, id, settings FROM given
      ), tails AS (
        INSERT INTO ${schema}.tails (recipient, last) SELECT key, last FROM given
      )
      INSERT INTO ${schema}.queues (recipient, settled, state) SELECT key, settled, state FROM given`,
    place: ({ key }) => [key],
    readBack: `
      SELECT json_agg(json_build_array(r.key, r.id, r.settings, q.settled, t.last, q.state) ORDER BY r.key)::text AS rows
      FROM ${schema}.recipients r JOIN ${schema}.tails t ON t.recipient = r.key JOIN ${schema}.queues q ON q.recipient = r.key
      WHERE r.key BETWEEN $1::bigint AND $2::bigint`,
    stored: ({ key, id, settings, settled, last, state }) => [key, id, settings, settled, last, state],
  };
}

export function eventTable(schema: string): ContentTable<ContentEvent> {
  return {
    name: 'events',
    given: ({ payload, ...event }) => ({ ...event, ...payload }),
    write: `
      WITH given AS MATERIALIZED (
        SELECT * FROM json_to_recordset($1::text::json) AS g (key bigint, id text, digest text, "acceptedAt" float8,
          waiting int, type text, version text, "occurredAt" float8, data text)
      ), kept AS (
        INSERT INTO ${schema}.payloads (event, id, type, version, occurred_at, accepted_at, data)
        SELECT key, id, type, version, "occurredAt", "acceptedAt", data FROM given WHERE waiting > 0
      ), counted AS (
        INSERT INTO ${schema}.shares (event, waiting) SELECT key, waiting FROM given WHERE waiting > 1
      )
      INSERT INTO ${schema}.events (key, id, digest, accepted_at) SELECT key, id, digest, "acceptedAt" FROM given`,
    place: ({ key }) => [key],
    // Of what is sent a digest is enough.
    readBack: `
      SELECT json_agg(json_build_array(e.key, e.id, e.digest, e.accepted_at, s.waiting, p.id, p.type, p.version,
          p.occurred_at, p.accepted_at, encode(sha256(convert_to(p.data, 'UTF8')), 'base64')) ORDER BY e.key)::text AS rows
      FROM ${schema}.events e LEFT JOIN ${schema}.payloads p ON p.event = e.key
        LEFT JOIN ${schema}.shares s ON s.event = e.key
      WHERE e.key BETWEEN $1::bigint AND $2::bigint`,
    stored: ({ key, id, digest, acceptedAt, waiting, payload }) => [
      ...[key, id, digest, acceptedAt, waiting > 1 ? waiting : null],
      ...(payload === null
        ? [null, null, null, null, null, null]
        : [id, payload.type, payload.version, payload.occurredAt, acceptedAt, hash('sha256', payload.data, 'base64')]),
    ],
  };
}

export function deliveryTable(schema: string): ContentTable<ContentDelivery> {
  return {
    name: 'deliveries',
    given: (row) => row,
    write: `
      INSERT INTO ${schema}.deliveries (recipient, sequence, event, shared)
      SELECT recipient, sequence, event, shared FROM json_to_recordset($1::text::json)
        AS g (recipient bigint, sequence bigint, event bigint, shared boolean)`,
    place: ({ recipient, sequence }) => [recipient, sequence],
    readBack: `
      SELECT json_agg(json_build_array(recipient, sequence, event, shared) ORDER BY recipient, sequence)::text AS rows
      FROM ${schema}.deliveries
      WHERE (recipient, sequence) >= ($1::bigint, $2::bigint) AND (recipient, sequence) <= ($3::bigint, $4::bigint)`,
    stored: ({ recipient, sequence, event, shared }) => [recipient, sequence, event, shared],
  };
}

export function droppedTable(schema: string): ContentTable<ContentDropped> {
  return {
    name: 'dropped',
    given: (row) => row,
    write: `
      INSERT INTO ${schema}.dropped
        (number, recipient, sequence, event, type, occurred_at, accepted_at, dropped_at, reason, error)
      OVERRIDING SYSTEM VALUE
      SELECT number, "recipientId", sequence, "eventId", type, "occurredAt", "acceptedAt", "droppedAt", reason, error
      FROM json_to_recordset($1::text::json) AS g (number bigint, "recipientId" text, sequence bigint, "eventId" text,
        type text, "occurredAt" float8, "acceptedAt" float8, "droppedAt" float8, reason text, error text)`,
    place: ({ number }) => [number],
    readBack: `
      SELECT json_agg(json_build_array(number, recipient, sequence, event, type, occurred_at, accepted_at, dropped_at,
          reason, error) ORDER BY number)::text AS rows
      FROM ${schema}.dropped WHERE number BETWEEN $1::bigint AND $2::bigint`,
    stored: (row) => [
      ...[row.number, row.recipientId, row.sequence, row.eventId, row.type],
      ...[row.occurredAt, row.acceptedAt, row.droppedAt, row.reason, row.error],
    ],
  };
}
