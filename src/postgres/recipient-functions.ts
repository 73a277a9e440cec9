import { operation, type SqlNames } from './sql-function.ts';

/**
 * Recipients, and what can be asked about them. A change that was given up and arrives after later ones of the same process
 * changes nothing: who sends changes numbers them.
 */
export function recipientFunctions({ schema }: SqlNames): string {
  return [
    operation(
      `${schema}.list_recipients`,
      `
      BEGIN
        RETURN (SELECT coalesce(json_agg(json_build_array(r.id, r.settings) ORDER BY r.key), '[]') FROM ${schema}.recipients r);
      END`,
    ),

    operation(
      `${schema}.save_recipient`,
      `
      DECLARE
        sender text := input->>'sender';
        number bigint := (input->>'number')::bigint;
        saved bigint;
      BEGIN
        IF input->>'settings' = input->>'replaced' THEN
          -- Asked whether it is as it was: nothing that others would have to be told.
          RETURN to_json(EXISTS (
            SELECT FROM ${schema}.recipients WHERE id = input->>'id' AND settings = input->>'settings'));
        END IF;
        -- Changes of recipients come one after the other.
        UPDATE ${schema}.totals SET revision = revision + 1;
        IF input->>'replaced' IS NULL THEN
          INSERT INTO ${schema}.recipients AS r (id, settings, saved_by, change)
            VALUES (input->>'id', input->>'settings', sender, number)
            ON CONFLICT (id) DO UPDATE SET settings = excluded.settings, saved_by = sender, change = number
            WHERE r.saved_by IS DISTINCT FROM sender OR r.change < number RETURNING key INTO saved;
          IF NOT FOUND THEN RETURN 'true'; END IF;
          INSERT INTO ${schema}.tails (recipient) VALUES (saved) ON CONFLICT DO NOTHING;
          INSERT INTO ${schema}.queues (recipient) VALUES (saved) ON CONFLICT DO NOTHING;
        ELSE
          UPDATE ${schema}.recipients SET settings = input->>'settings', saved_by = sender, change = number
            WHERE id = input->>'id' AND settings = input->>'replaced'
              AND (saved_by IS DISTINCT FROM sender OR change < number);
          IF NOT FOUND THEN RETURN 'false'; END IF;
        END IF;
        PERFORM ${schema}.tell('recipient', json_build_array(input->>'id'), input->>'sender');
        RETURN 'true';
      END`,
    ),

    operation(
      `${schema}.remove_recipient`,
      `
      DECLARE
        removed bigint;
        tail record;
        queue record;
      BEGIN
        UPDATE ${schema}.totals SET revision = revision + 1;
        IF ${schema}.admit(ARRAY[input->>'id']) THEN RETURN NULL; END IF;
        SELECT key INTO removed FROM ${schema}.recipients WHERE id = input->>'id'
          AND (saved_by IS DISTINCT FROM input->>'sender' OR change < (input->>'number')::bigint);
        IF NOT FOUND THEN RETURN 'true'; END IF;
        SELECT * INTO tail FROM ${schema}.tails WHERE recipient = removed FOR UPDATE;
        SELECT * INTO queue FROM ${schema}.queues WHERE recipient = removed FOR UPDATE;
        IF tail.last > queue.settled THEN RETURN 'false'; END IF;
        DELETE FROM ${schema}.queues WHERE recipient = removed;
        DELETE FROM ${schema}.tails WHERE recipient = removed;
        DELETE FROM ${schema}.recipients WHERE key = removed;
        UPDATE ${schema}.totals SET bytes = bytes + tail.bytes - queue.freed;
        PERFORM ${schema}.tell('recipient', json_build_array(input->>'id'), input->>'sender');
        RETURN 'true';
      END`,
    ),

    operation(
      `${schema}.stats`,
      `
      BEGIN
        IF ${schema}.admit('{}') THEN RETURN NULL; END IF;
        RETURN (
          SELECT coalesce(json_agg(json_build_array(r.id, t.last - q.settled, q.state, (
              SELECT p.accepted_at FROM ${schema}.deliveries d JOIN ${schema}.payloads p ON p.event = d.event
              WHERE d.recipient = r.key AND d.sequence = q.settled + 1
            )) ORDER BY r.key), '[]')
          FROM ${schema}.recipients r JOIN ${schema}.tails t ON t.recipient = r.key JOIN ${schema}.queues q ON q.recipient = r.key
          WHERE input->>'recipientId' IS NULL OR r.id = input->>'recipientId'
        );
      END`,
    ),

    operation(
      `${schema}.list_dropped`,
      `
      BEGIN
        RETURN (SELECT coalesce(json_agg(json_build_array(d.recipient, d.sequence, d.event, d.type, d.occurred_at,
            d.accepted_at, d.dropped_at, d.reason, d.error) ORDER BY d.number DESC), '[]')
          FROM (
            SELECT * FROM ${schema}.dropped WHERE input->>'recipientId' IS NULL OR recipient = input->>'recipientId'
            ORDER BY number DESC LIMIT (input->>'limit')::int
          ) d);
      END`,
    ),

    // What a process that missed messages has to know.
    operation(
      `${schema}.look`,
      `
      BEGIN
        IF ${schema}.admit('{}') THEN RETURN NULL; END IF;
        RETURN json_build_object(
          'revision', (SELECT revision FROM ${schema}.totals),
          'waiting', (SELECT coalesce(json_agg(r.id), '[]') FROM ${schema}.tails t
            JOIN ${schema}.queues q ON q.recipient = t.recipient AND q.settled < t.last
            JOIN ${schema}.recipients r ON r.key = t.recipient));
      END`,
    ),
  ].join('\n');
}
