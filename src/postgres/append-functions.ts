import { innerFunction, operation, type SqlNames } from './sql-function.ts';

/** Accepting events. */
export function appendFunctions({ schema, channel }: SqlNames): string {
  return [
    // Locks the ends of queues, in the order of recipients. The first time that a call does so it is for all that it
    // needs, so that nobody waits in a circle.
    innerFunction(
      `${schema}.lock_tails (recipient_ids text[]) RETURNS void`,
      `
      BEGIN
        PERFORM FROM ${schema}.recipients r JOIN ${schema}.tails t ON t.recipient = r.key
          WHERE r.id = ANY (recipient_ids) ORDER BY t.recipient FOR UPDATE OF t;
      END`,
    ),

    // Puts events at the end of queues, in the order of the lines: one for each delivery. Answers with those whose
    // recipient is known.
    innerFunction(
      `${schema}.line_up (events bigint[], recipient_ids text[], bytes int[])
        RETURNS TABLE (event bigint, recipient_id text, place bigint)`,
      `
      #variable_conflict use_column
      BEGIN
        PERFORM ${schema}.lock_tails(recipient_ids);
        RETURN QUERY
        WITH lines AS MATERIALIZED (
          SELECT l.event, l.id, l.n, t.recipient,
            t.last + row_number() OVER (PARTITION BY t.recipient ORDER BY l.n) AS sequence,
            count(*) OVER (PARTITION BY l.event) AS recipients,
            CASE row_number() OVER (PARTITION BY l.event ORDER BY l.n) WHEN 1 THEN l.bytes ELSE 0 END AS bytes
          FROM unnest(line_up.events, line_up.recipient_ids, line_up.bytes) WITH ORDINALITY AS l (event, id, bytes, n)
            JOIN ${schema}.recipients r ON r.id = l.id JOIN ${schema}.tails t ON t.recipient = r.key
        ), joined AS (
          INSERT INTO ${schema}.deliveries (recipient, sequence, event, shared)
          SELECT recipient, sequence, event, recipients > 1 FROM lines ORDER BY n
        ), counted AS (
          INSERT INTO ${schema}.shares (event, waiting) SELECT DISTINCT event, recipients FROM lines WHERE recipients > 1
        ), moved AS (
          UPDATE ${schema}.tails t SET last = m.last, bytes = t.bytes + m.bytes
          FROM (SELECT recipient, max(sequence) AS last, sum(bytes) AS bytes FROM lines GROUP BY recipient) m
          WHERE t.recipient = m.recipient
        )
        SELECT event, id, n FROM lines;
      END`,
    ),

    // What may still be accepted.
    innerFunction(
      `${schema}.room (limits json, OUT deliveries bigint, OUT bytes bigint)`,
      `
      BEGIN
        SELECT (limits->>'maxDeliveries')::bigint - coalesce(sum(t.last - q.settled), 0),
          (limits->>'maxBytes')::bigint - coalesce(sum(t.bytes - q.freed), 0) - (SELECT totals.bytes FROM ${schema}.totals)
        INTO deliveries, bytes
        FROM ${schema}.tails t JOIN ${schema}.queues q ON q.recipient = t.recipient;
      END`,
    ),

    // Accepts events whatever waits. One answer for each: the ids of its recipients, or what it is to one accepted before.
    innerFunction(
      `${schema}.accept (entries json) RETURNS json`,
      `
      DECLARE
        ids text[]; digests text[]; types text[]; versions text[]; occurred float8[]; accepted float8[]; datas text[];
        recipients json[];
        keys bigint[];
        places bigint[];
        answer json;
      BEGIN
        SELECT array_agg(e.id), array_agg(e.digest), array_agg(e.type), array_agg(e.version), array_agg(e."occurredAt"),
          array_agg(e."acceptedAt"), array_agg(e.data), array_agg(e."recipientIds")
        INTO ids, digests, types, versions, occurred, accepted, datas, recipients
        FROM json_to_recordset(entries) AS e (id text, digest text, type text, version text, "occurredAt" float8,
          "acceptedAt" float8, data text, "recipientIds" json);

        WITH firsts AS MATERIALIZED (
          SELECT DISTINCT ON (e.id COLLATE "C") e.id, e.digest, e.accepted_at, e.n
          FROM unnest(ids, digests, accepted) WITH ORDINALITY AS e (id, digest, accepted_at, n) ORDER BY e.id COLLATE "C", e.n
        ), added AS (
          INSERT INTO ${schema}.events (key, id, digest, accepted_at)
          SELECT nextval('${schema}.event_keys'), f.id, f.digest, f.accepted_at FROM firsts f ORDER BY f.id COLLATE "C"
          ON CONFLICT (id) DO NOTHING RETURNING key, events.id
        )
        SELECT array_agg(a.key ORDER BY f.n), array_agg(f.n ORDER BY f.n) INTO keys, places
        FROM added a JOIN firsts f ON f.id = a.id;

        WITH lines AS MATERIALIZED (
          SELECT array_agg(k.key ORDER BY k.n, r.m) AS events, array_agg(r.id ORDER BY k.n, r.m) AS ids,
            array_agg(octet_length(datas[k.n]) ORDER BY k.n, r.m) AS bytes
          FROM unnest(keys, places) AS k (key, n), json_array_elements_text(recipients[k.n]) WITH ORDINALITY AS r (id, m)
        ), lined AS MATERIALIZED (
          SELECT u.event, json_agg(u.recipient_id ORDER BY u.place) AS recipients
          FROM lines l, ${schema}.line_up(l.events, l.ids, l.bytes) u WHERE l.events IS NOT NULL GROUP BY u.event
        ), kept AS (
          INSERT INTO ${schema}.payloads (event, id, type, version, occurred_at, accepted_at, data)
          SELECT k.key, ids[k.n], types[k.n], versions[k.n], occurred[k.n], accepted[k.n], datas[k.n]
          FROM unnest(keys, places) AS k (key, n) JOIN lined l ON l.event = k.key
        )
        SELECT json_agg(CASE
            WHEN k.key IS NOT NULL THEN coalesce(l.recipients, '[]')
            WHEN (SELECT v.digest FROM ${schema}.events v WHERE v.id = e.id) = e.digest THEN '"duplicate"'
            ELSE '"id-reused"' END ORDER BY e.n) INTO answer
        FROM unnest(ids, digests) WITH ORDINALITY AS e (id, digest, n)
          LEFT JOIN unnest(keys, places) AS k (key, n) ON k.n = e.n LEFT JOIN lined l ON l.event = k.key;
        RETURN answer;
      END`,
    ),

    // Takes entries, and the ids of all their recipients. Without limits to be looked at it is \`accept\`. Answers with
    // what may still be accepted, where that was counted; with NULL, and has appended nothing, while more is to be admitted
    // first.
    operation(
      `${schema}.append`,
      `
      DECLARE
        entry json;
        room record;
        wanted record;
        result json;
        results json[] := '{}';
      BEGIN
        IF ${schema}.admit(ARRAY(SELECT json_array_elements_text(input->'recipientIds'))) THEN RETURN NULL; END IF;
        IF input->'limits' IS NULL THEN
          RETURN json_build_object('results', ${schema}.accept(input->'entries'));
        END IF;
        SELECT * INTO room FROM ${schema}.room(input->'limits');
        SELECT sum(json_array_length(e->'recipientIds')) AS deliveries, sum(octet_length(e->>'data')) AS bytes INTO wanted
          FROM json_array_elements(input->'entries') e;
        IF wanted.deliveries <= room.deliveries AND wanted.bytes <= room.bytes THEN
          RETURN json_build_object('results', ${schema}.accept(input->'entries'), 'room', row_to_json(room));
        END IF;
        PERFORM ${schema}.lock_tails(ARRAY(SELECT json_array_elements_text(input->'recipientIds')));
        SELECT * INTO room FROM ${schema}.room(input->'limits');
        -- Near the limit one after the other, in order. What waits for nobody takes no room.
        FOR entry IN SELECT value FROM json_array_elements(input->'entries') LOOP
          PERFORM FROM ${schema}.events WHERE id = entry->>'id';
          IF FOUND OR (
            SELECT count(*) = 0 OR (count(*) <= room.deliveries AND octet_length(entry->>'data') <= room.bytes)
            FROM json_array_elements_text(entry->'recipientIds') r (id) JOIN ${schema}.recipients ON recipients.id = r.id
          ) THEN
            result := ${schema}.accept(json_build_array(entry))->0;
            IF json_typeof(result) = 'array' AND json_array_length(result) > 0 THEN
              room.deliveries := room.deliveries - json_array_length(result);
              room.bytes := room.bytes - octet_length(entry->>'data');
            END IF;
          ELSE
            result := '"backlog-full"';
          END IF;
          results := results || result;
        END LOOP;
        RETURN json_build_object('results', to_json(results), 'room', row_to_json(room));
      END`,
    ),

    // Forgets some outdated events that do not wait; answers with where the next step begins.
    operation(
      `${schema}.forget`,
      `
      DECLARE
        after bigint := (input->>'after')::bigint;
        until bigint;
      BEGIN
        SELECT key INTO until FROM ${schema}.events WHERE key > after ORDER BY key
          OFFSET (input->>'visits')::int - 1 LIMIT 1;
        DELETE FROM ${schema}.events e WHERE e.key > after AND e.key <= coalesce(until, 9223372036854775807)
          AND e.accepted_at < (input->>'before')::float8
          AND NOT EXISTS (SELECT FROM ${schema}.payloads p WHERE p.event = e.key);
        RETURN to_json(coalesce(until, 0));
      END`,
    ),

    // News for who listens; too many ids for one message are to be looked up.
    innerFunction(
      `${schema}.tell (news text, ids json, sender text DEFAULT NULL) RETURNS void`,
      `
      DECLARE
        message text := json_build_object('news', news, 'ids', ids, 'sender', sender)::text;
      BEGIN
        PERFORM pg_notify(${channel}, CASE WHEN octet_length(message) < 7900 THEN message ELSE '{"news":"look"}' END);
      END`,
    ),
  ].join('\n');
}
