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

    // Puts events at the end of queues, in the order of the lines, after it has locked them as `lock_tails` does. There is a line
    // for each delivery, with the places, from 1, of its event and of its recipient. Left out are lines of events without a
    // key, and of recipients that are not known: of those there is no key in the answer. Answers also with how many
    // recipients each event waits for.
    innerFunction(
      `${schema}.line_up (keys bigint[], sizes int[], recipient_ids text[], line_events int[], line_recipients int[],
        OUT recipient_keys bigint[], OUT waiting int[])`,
      `
      DECLARE
        tail record;
        lasts bigint[] := '{}';
        byte_counts bigint[] := '{}';
        event int;
        recipient int;
        recipients bigint[] := '{}';
        sequences bigint[] := '{}';
        events int[] := '{}';
      BEGIN
        recipient_keys := '{}';
        waiting := array_fill(0, ARRAY[cardinality(keys)]);
        FOR tail IN
          SELECT w.place::int, t.* FROM unnest(recipient_ids) WITH ORDINALITY AS w (id, place)
            JOIN ${schema}.recipients r ON r.id = w.id JOIN ${schema}.tails t ON t.recipient = r.key
          ORDER BY t.recipient FOR UPDATE OF t
        LOOP
          recipient_keys[tail.place] := tail.recipient;
          lasts[tail.place] := tail.last;
          byte_counts[tail.place] := tail.bytes;
        END LOOP;
        FOR n IN 1..coalesce(cardinality(line_events), 0) LOOP
          event := line_events[n];
          recipient := line_recipients[n];
          CONTINUE WHEN keys[event] IS NULL OR recipient_keys[recipient] IS NULL;
          lasts[recipient] := lasts[recipient] + 1;
          IF waiting[event] = 0 THEN byte_counts[recipient] := byte_counts[recipient] + sizes[event]; END IF;
          waiting[event] := waiting[event] + 1;
          recipients := recipients || recipient_keys[recipient];
          sequences := sequences || lasts[recipient];
          events := events || event;
        END LOOP;
        INSERT INTO ${schema}.deliveries (recipient, sequence, event, shared)
          SELECT d.recipient, d.sequence, keys[d.event], waiting[d.event] > 1
          FROM unnest(recipients, sequences, events) AS d (recipient, sequence, event);
        IF cardinality(events) > cardinality(array_remove(waiting, 0)) THEN
          INSERT INTO ${schema}.shares (event, waiting)
            SELECT e.key, e.waiting FROM unnest(keys, waiting) AS e (key, waiting) WHERE e.waiting > 1;
        END IF;
        UPDATE ${schema}.tails t SET last = m.last, bytes = m.bytes
          FROM unnest(recipient_keys, lasts, byte_counts) AS m (recipient, last, bytes)
          WHERE t.recipient = m.recipient AND t.last < m.last;
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

    // Accepts events whatever waits. The lines are those of `line_up`. Answers with what became of each: the ids of its
    // recipients, or what it is to one that was accepted before; with NULL when all are stored for all of theirs.
    innerFunction(
      `${schema}.accept (ids text[], digests text[], types text[], versions text[], occurred float8[], accepted float8[],
        datas text[], recipient_ids text[], line_events int[], line_recipients int[]) RETURNS json`,
      `
      DECLARE
        keys bigint[] := ARRAY(SELECT nextval('${schema}.event_keys') FROM unnest(ids));
        known text[];
        recipient_keys bigint[];
        waiting int[];
        added bigint;
        answer json;
      BEGIN
        INSERT INTO ${schema}.events (key, id, digest, accepted_at)
          SELECT e.key, e.id, e.digest, e.accepted_at
          FROM unnest(keys, ids, digests, accepted) WITH ORDINALITY AS e (key, id, digest, accepted_at, n)
          ORDER BY e.id COLLATE "C", e.n ON CONFLICT (id) DO NOTHING;
        GET DIAGNOSTICS added = ROW_COUNT;
        IF added < cardinality(ids) THEN
          -- Those accepted before, or twice among these, have no key.
          SELECT array_agg(CASE WHEN v.key = e.key THEN e.key END ORDER BY e.n), array_agg(v.digest ORDER BY e.n)
          INTO keys, known
          FROM unnest(keys, ids) WITH ORDINALITY AS e (key, id, n) LEFT JOIN ${schema}.events v ON v.id = e.id;
        END IF;
        -- Who comes only with what was accepted before need not wait for the ends of queues.
        IF added > 0 THEN
          SELECT * INTO recipient_keys, waiting FROM ${schema}.line_up(keys,
            ARRAY(SELECT octet_length(d) FROM unnest(datas) AS d), recipient_ids, line_events, line_recipients);
        END IF;
        INSERT INTO ${schema}.payloads (event, id, type, version, occurred_at, accepted_at, data)
          SELECT e.key, e.id, e.type, e.version, e.occurred_at, e.accepted_at, e.data
          FROM unnest(keys, ids, types, versions, occurred, accepted, datas, waiting)
            AS e (key, id, type, version, occurred_at, accepted_at, data, waiting)
          WHERE e.waiting > 0;
        IF added = cardinality(ids) AND cardinality(array_remove(recipient_keys, NULL)) = cardinality(recipient_ids) THEN
          RETURN NULL;
        END IF;
        SELECT json_agg(a.answer ORDER BY a.event) INTO answer FROM (
          SELECT l.event, CASE
            WHEN keys[l.event] IS NOT NULL THEN
              coalesce(json_agg(recipient_ids[l.recipient] ORDER BY l.n)
                FILTER (WHERE recipient_keys[l.recipient] IS NOT NULL), '[]')
            WHEN known[l.event] = digests[l.event] THEN '"duplicate"' ELSE '"id-reused"' END AS answer
          FROM (
            SELECT * FROM unnest(line_events, line_recipients) WITH ORDINALITY
            UNION ALL SELECT e, NULL, NULL FROM generate_series(1, cardinality(ids)) AS e
          ) l (event, recipient, n) GROUP BY l.event
        ) a;
        RETURN answer;
      END`,
    ),

    // Takes events as columns, the ids of all their recipients, and lines as those of `line_up`, in the order of the events. Without limits to be looked
    // at it is `accept`. Answers with its results, and with what may still be accepted, where that was counted; with NULL,
    // and has appended nothing, while more is to be admitted first.
    operation(
      `${schema}.append`,
      `
      DECLARE
        given record;
        room record;
        counted json;
        fits boolean := true;
        recipient_ids text[];
        line_events int[];
        line_recipients int[];
        line int := 1;
        own text[];
        result json;
        results json[] := '{}';
      BEGIN
        SELECT * INTO given FROM json_to_record(input) AS g (ids text[], digests text[], types text[], versions text[],
          occurred float8[], accepted float8[], datas text[], "recipientIds" text[], "lineEvents" int[],
          "lineRecipients" int[], limits json);
        IF ${schema}.admit(given."recipientIds") THEN RETURN NULL; END IF;
        IF given.limits IS NOT NULL THEN
          SELECT * INTO room FROM ${schema}.room(given.limits);
          counted := row_to_json(room);
          fits := cardinality(given."lineEvents") <= room.deliveries
            AND (SELECT sum(octet_length(d)) FROM unnest(given.datas) AS d) <= room.bytes;
        END IF;
        IF fits THEN
          result := ${schema}.accept(given.ids, given.digests, given.types, given.versions, given.occurred, given.accepted,
            given.datas, given."recipientIds", given."lineEvents", given."lineRecipients");
          RETURN json_build_object('results', result, 'room', counted);
        END IF;
        recipient_ids := given."recipientIds";
        line_events := given."lineEvents";
        line_recipients := given."lineRecipients";
        PERFORM ${schema}.lock_tails(recipient_ids);
        SELECT * INTO room FROM ${schema}.room(given.limits);
        -- Near the limit one after the other, in order. What waits for nobody takes no room.
        FOR place IN 1..cardinality(given.ids) LOOP
          own := '{}';
          WHILE line_events[line] = place LOOP
            own := own || recipient_ids[line_recipients[line]];
            line := line + 1;
          END LOOP;
          PERFORM FROM ${schema}.events WHERE id = given.ids[place];
          IF FOUND OR (
            SELECT count(*) = 0 OR (count(*) <= room.deliveries AND octet_length(given.datas[place]) <= room.bytes)
            FROM unnest(own) AS o (id) JOIN ${schema}.recipients ON recipients.id = o.id
          ) THEN
            result := ${schema}.accept(ARRAY[given.ids[place]], ARRAY[given.digests[place]], ARRAY[given.types[place]],
              ARRAY[given.versions[place]], ARRAY[given.occurred[place]], ARRAY[given.accepted[place]],
              ARRAY[given.datas[place]], own, array_fill(1, ARRAY[cardinality(own)]),
              ARRAY(SELECT generate_series(1, cardinality(own))));
            result := coalesce(result->0, to_json(own));
            IF json_typeof(result) = 'array' AND json_array_length(result) > 0 THEN
              room.deliveries := room.deliveries - json_array_length(result);
              room.bytes := room.bytes - octet_length(given.datas[place]);
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
