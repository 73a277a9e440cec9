import { innerFunction, operation, type SqlNames } from './sql-function.ts';

/** What is put into the queues at a time, at least one event: others wait for it. */
const portion = { events: 500, deliveries: 2_500 };

/** Accepting events within transactions of the host. */
export function stagingFunctions({ schema, channel, lockClass }: SqlNames): string {
  return [
    // At the commit of a transaction of the host. Position after position is given out, and only to transactions that
    // are committing: one that has seen another's commit comes behind it.
    innerFunction(
      `${schema}.stamp () RETURNS trigger`,
      `
      BEGIN
        INSERT INTO ${schema}.events (key, id, digest, accepted_at)
          VALUES (NEW.event, NEW.id, NEW.digest, NEW.accepted_at) ON CONFLICT (id) DO NOTHING;
        IF FOUND THEN
          INSERT INTO ${schema}.committed (position, event, deliveries, bytes)
            VALUES (nextval('${schema}.positions'), NEW.event, cardinality(NEW.recipients), NEW.bytes);
        ELSE
          PERFORM FROM ${schema}.events WHERE id = NEW.id AND digest = NEW.digest;
          IF NOT FOUND THEN
            RAISE unique_violation USING MESSAGE = 'outbound-events: the event id ' || NEW.id || ' was used for another event meanwhile';
          END IF;
          DELETE FROM ${schema}.staged WHERE event = NEW.event;
          DELETE FROM ${schema}.payloads WHERE event = NEW.event;
        END IF;
        RETURN NULL;
      END`,
    ),
    `CREATE CONSTRAINT TRIGGER stamp AFTER INSERT ON ${schema}.staged DEFERRABLE INITIALLY DEFERRED
      FOR EACH ROW EXECUTE FUNCTION ${schema}.stamp();\n`,

    // Puts events of committed transactions of the host into the queues, in the order of the commits: a portion, so that
    // nobody waits for long. Answers whether more of them wait. One process at a time does, until its commit. With the ends
    // of their queues are locked those of these recipients, which the caller needs next.
    innerFunction(
      `${schema}.admit (recipient_ids text[]) RETURNS boolean`,
      `
      DECLARE
        keys bigint[];
        places bigint[];
        sizes int[];
        ids text[];
        line_events int[];
        line_recipients int[];
        waiting int[];
      BEGIN
        PERFORM FROM ${schema}.committed ORDER BY position LIMIT 1;
        IF NOT FOUND THEN RETURN false; END IF;
        PERFORM pg_advisory_xact_lock(${lockClass}, 0);
        SELECT array_agg(p.event ORDER BY p.position), array_agg(p.position) INTO keys, places FROM (
          SELECT position, event, sum(deliveries) OVER (ORDER BY position) - deliveries AS before
          FROM (SELECT * FROM ${schema}.committed ORDER BY position LIMIT ${portion.events}) c
        ) p WHERE p.before < ${portion.deliveries};
        -- Another process may have put in all of them while this one waited.
        IF keys IS NULL THEN RETURN false; END IF;
        SELECT array_agg(coalesce(octet_length(p.data), 0) ORDER BY k.n) INTO sizes
          FROM unnest(keys) WITH ORDINALITY AS k (event, n) LEFT JOIN ${schema}.payloads p ON p.event = k.event;
        SELECT array_agg(l.event ORDER BY l.event, l.n), array_agg(l.recipient ORDER BY l.event, l.n),
          array_agg(DISTINCT l.id COLLATE "C" ORDER BY l.id COLLATE "C")
        INTO line_events, line_recipients, ids
        FROM (
          SELECT k.n AS event, r.n, r.id, dense_rank() OVER (ORDER BY r.id COLLATE "C") AS recipient
          FROM unnest(keys) WITH ORDINALITY AS k (event, n) JOIN ${schema}.staged s ON s.event = k.event
            CROSS JOIN LATERAL unnest(s.recipients) WITH ORDINALITY AS r (id, n)
        ) l;
        DELETE FROM ${schema}.committed WHERE position = ANY (places);
        DELETE FROM ${schema}.staged WHERE event = ANY (keys);
        PERFORM ${schema}.lock_tails(recipient_ids || ids);
        SELECT l.waiting INTO waiting FROM ${schema}.line_up(keys, sizes, ids, line_events, line_recipients) l;
        DELETE FROM ${schema}.payloads p USING unnest(keys, waiting) AS e (key, waiting)
          WHERE p.event = e.key AND e.waiting = 0;
        RETURN EXISTS (SELECT FROM ${schema}.committed);
      END`,
    ),

    // Whether the transaction is SERIALIZABLE. There all that is read is compared, page by page, with what others write: what
    // each of them reads and writes must not be looked for. A plain insert reads nothing.
    innerFunction(
      `${schema}.is_serializable () RETURNS boolean`,
      `BEGIN RETURN current_setting('transaction_isolation') = 'serializable'; END`,
    ),

    // The digest of an event that was accepted; NULL where there is none.
    innerFunction(
      `${schema}.accepted (event_id text) RETURNS text`,
      `
      BEGIN
        IF ${schema}.is_serializable() THEN
          -- One that is there is in the way of an attempt to insert another, which is undone at once.
          BEGIN
            INSERT INTO ${schema}.events (key, id, digest, accepted_at)
              VALUES (nextval('${schema}.event_keys'), event_id, '', 0);
            RAISE SQLSTATE 'OE000';
          EXCEPTION
            WHEN SQLSTATE 'OE000' THEN RETURN NULL;
            WHEN unique_violation THEN NULL;
          END;
        END IF;
        RETURN (SELECT digest FROM ${schema}.events WHERE id = event_id);
      END`,
    ),

    // What may still be accepted within a transaction of the host that has staged so much: what it will be when this
    // transaction and those committed before it are in the queues.
    innerFunction(
      `${schema}.room_within (limits json, own bigint[], OUT deliveries bigint, OUT bytes bigint)`,
      `
      DECLARE
        waiting record;
      BEGIN
        SELECT r.deliveries - own[1], r.bytes - own[2] INTO deliveries, bytes FROM ${schema}.room(limits) r;
        IF NOT ${schema}.is_serializable() THEN
          SELECT coalesce(sum(c.deliveries), 0) AS deliveries, coalesce(sum(c.bytes), 0) AS bytes INTO waiting
            FROM ${schema}.committed c;
          deliveries := deliveries - waiting.deliveries;
          bytes := bytes - waiting.bytes;
        END IF;
      END`,
    ),

    // Within a transaction of the host: takes no lock that anybody waits for. What the transaction has staged is counted in
    // a setting, which comes and goes with it and with its savepoints. Limits are looked at where they are given.
    operation(
      `${schema}.stage`,
      `
      DECLARE
        entry json := input->'entry';
        known text := ${schema}.accepted(entry->>'id');
        key bigint;
        counted CONSTANT text := 'outbound_events.staged_' || ${channel};
        own bigint[] := coalesce(nullif(current_setting(counted, true), ''), '{0,0}');
        room json;
        is_full boolean := false;
        ids text[];
        size int;
      BEGIN
        IF known IS NULL THEN
          SELECT coalesce(array_agg(r.id ORDER BY r.n), '{}') INTO ids
            FROM json_array_elements_text(entry->'recipientIds') WITH ORDINALITY r (id, n)
              JOIN ${schema}.recipients k ON k.id = r.id;
          size := CASE cardinality(ids) WHEN 0 THEN 0 ELSE octet_length(entry->>'data') END;
          IF input->'limits' IS NOT NULL THEN
            SELECT row_to_json(r) INTO room FROM ${schema}.room_within(input->'limits', own) r;
            is_full := cardinality(ids) > 0
              AND (cardinality(ids) > (room->>'deliveries')::bigint OR size > (room->>'bytes')::bigint);
          END IF;
          IF NOT is_full THEN
            key := nextval('${schema}.event_keys');
            INSERT INTO ${schema}.staged (event, id, digest, accepted_at, recipients, bytes)
              VALUES (key, entry->>'id', entry->>'digest', (entry->>'acceptedAt')::float8, ids, size)
              ON CONFLICT (id, transaction) DO NOTHING;
            IF FOUND THEN
              INSERT INTO ${schema}.payloads (event, id, type, version, occurred_at, accepted_at, data)
                VALUES (key, entry->>'id', entry->>'type', entry->>'version', (entry->>'occurredAt')::float8,
                  (entry->>'acceptedAt')::float8, entry->>'data');
              PERFORM set_config(counted, ARRAY[own[1] + cardinality(ids), own[2] + size]::text, true);
              RETURN json_build_object('result', ids, 'room', room, 'within', pg_current_xact_id()::text);
            END IF;
          END IF;
          SELECT digest INTO known FROM ${schema}.staged WHERE id = entry->>'id' AND transaction = pg_current_xact_id();
        END IF;
        RETURN json_build_object('room', room, 'result', CASE
          WHEN known = entry->>'digest' THEN 'duplicate' WHEN known IS NOT NULL THEN 'id-reused' ELSE 'backlog-full' END);
      END`,
    ),

    // Which of these transactions have ended. What they have left is in the queues then.
    operation(
      `${schema}.ended`,
      `
      DECLARE
        -- Before the events are looked for: whoever has ended by now has left his.
        ended text[] := ARRAY(SELECT t.id FROM json_array_elements_text(input) t (id)
          WHERE pg_visible_in_snapshot(t.id::xid8, pg_current_snapshot()));
      BEGIN
        IF ${schema}.admit('{}') THEN RETURN NULL; END IF;
        RETURN to_json(ended);
      END`,
    ),
  ].join('\n');
}
