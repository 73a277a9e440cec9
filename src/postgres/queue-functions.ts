import { innerFunction, operation, type SqlNames } from './sql-function.ts';

/** Bytes of data that heads which are read together come to, about: an answer holds up the host's thread. */
const largestAnswer = 4 * 1024 * 1024;

/** Leases, and what is done under them. */
export function queueFunctions({ schema, lockClass }: SqlNames): string {
  return [
    // The clock that leases run by. A function, so that tests can let time pass.
    `CREATE FUNCTION ${schema}.lease_clock () RETURNS timestamptz LANGUAGE sql AS 'SELECT clock_timestamp()';\n`,

    innerFunction(
      `${schema}.milliseconds (amount json) RETURNS interval`,
      `BEGIN RETURN (amount#>>'{}')::float8 * interval '1 millisecond'; END`,
    ),

    // Which sessions are dead: their process holds its lock no longer. The locks taken to find out are shared, so that
    // several can ask at a time, and are gone with the statement.
    innerFunction(
      `${schema}.dead (sessions int[]) RETURNS int[]`,
      `
      BEGIN
        RETURN (SELECT coalesce(array_agg(s), '{}') FROM unnest(sessions) AS s
          WHERE pg_try_advisory_xact_lock_shared(${lockClass}, s));
      END`,
    ),

    operation(
      `${schema}.announce`,
      `
      DECLARE
        own text := input->>'holder';
        lasts interval := ${schema}.milliseconds(input->'lastsMs');
        now timestamptz := ${schema}.lease_clock();
        dead int[];
      BEGIN
        IF lasts <= interval '0' THEN
          DELETE FROM ${schema}.holders WHERE holder = own;
        ELSE
          -- Written now and then, not each time.
          INSERT INTO ${schema}.holders AS h (holder, session, expires_at) VALUES (own, (input->>'session')::int, now + lasts)
            ON CONFLICT (holder) DO UPDATE SET session = excluded.session, expires_at = excluded.expires_at
            WHERE h.session IS DISTINCT FROM excluded.session
              OR h.expires_at NOT BETWEEN excluded.expires_at - lasts / 4 AND excluded.expires_at;
        END IF;
        SELECT ${schema}.dead(array_agg(DISTINCT s.session)) INTO dead FROM (
          SELECT session FROM ${schema}.holders WHERE holder <> own
          UNION SELECT session FROM ${schema}.queues WHERE holder <> own) s
          WHERE s.session IS NOT NULL AND s.session IS DISTINCT FROM (input->>'session')::int;
        dead := coalesce(dead, '{}');
        DELETE FROM ${schema}.holders WHERE holder <> own AND (expires_at <= now OR session = ANY (dead));
        RETURN json_build_object(
          'holders', (SELECT count(*) FROM ${schema}.holders),
          'free', (SELECT count(*) FROM ${schema}.queues
            WHERE holder IS NULL OR expires_at <= now OR (holder <> own AND session = ANY (dead))));
      END`,
    ),

    // Free queues come first: a claim that is limited takes what nobody works on before what is the holder's own.
    operation(
      `${schema}.claim`,
      `
      DECLARE
        own text := input->>'holder';
        wanted text[] := (SELECT array_agg(id) FROM json_array_elements_text(input->'recipientIds') r (id));
        now timestamptz := ${schema}.lease_clock();
        steals boolean := coalesce((input->>'evenIfHeld')::boolean, false);
        dead int[];
        keys bigint[];
        answer json;
      BEGIN
        SELECT ${schema}.dead(array_agg(DISTINCT q.session)) INTO dead FROM ${schema}.queues q
          WHERE q.session IS NOT NULL AND q.holder <> own AND q.expires_at > now
            AND q.session IS DISTINCT FROM (input->>'session')::int;
        dead := coalesce(dead, '{}');
        SELECT array_agg(f.recipient) INTO keys FROM (
          SELECT q.recipient FROM ${schema}.queues q
          WHERE (steals OR q.holder IS NULL OR q.holder = own OR q.expires_at <= now OR q.session = ANY (dead))
            AND (input->'recipientIds' IS NULL OR q.recipient IN
              (SELECT r.key FROM unnest(wanted) AS w (id) JOIN ${schema}.recipients r ON r.id = w.id))
          ORDER BY (q.holder IS NOT NULL AND q.holder = own AND q.expires_at > now), q.recipient
          LIMIT (input->>'limit')::int FOR UPDATE OF q) f;
        WITH taken AS (
          UPDATE ${schema}.queues SET holder = own, session = (input->>'session')::int,
            fence = nextval('${schema}.fences'), recorded = 0, expires_at = now + ${schema}.milliseconds(input->'lastsMs')
          WHERE recipient = ANY (keys) RETURNING recipient, fence, state
        )
        SELECT json_agg(json_build_array(r.id, t.fence, t.state) ORDER BY r.key) INTO answer
          FROM taken t JOIN ${schema}.recipients r ON r.key = t.recipient;
        RETURN coalesce(answer, '[]');
      END`,
    ),

    // The queues under these leases, locked in the order of recipients.
    innerFunction(
      `${schema}.leased (leases json) RETURNS TABLE (n bigint, recipient bigint, recipient_id text)`,
      `
      #variable_conflict use_column
      BEGIN
        RETURN QUERY
        SELECT l.n, q.recipient, r.id
        FROM json_array_elements(leases) WITH ORDINALITY AS l (lease, n)
          JOIN ${schema}.recipients r ON r.id = l.lease->>'recipientId'
          JOIN ${schema}.queues q ON q.recipient = r.key
        WHERE q.holder IS NOT NULL AND q.fence = (l.lease->>'fence')::bigint
        ORDER BY q.recipient FOR UPDATE OF q;
      END`,
    ),

    // Answers with the places, from 1, of the leases that are held.
    operation(
      `${schema}.renew`,
      `
      DECLARE
        held record;
      BEGIN
        SELECT array_agg(n) AS places, array_agg(recipient) AS keys INTO held FROM ${schema}.leased(input->'leases');
        UPDATE ${schema}.queues SET session = (input->>'session')::int,
          expires_at = ${schema}.lease_clock() + ${schema}.milliseconds(input->'lastsMs') WHERE recipient = ANY (held.keys);
        RETURN to_json(coalesce(held.places, '{}'));
      END`,
    ),

    operation(
      `${schema}.release`,
      `
      DECLARE
        held record;
      BEGIN
        SELECT array_agg(recipient_id) AS ids, array_agg(recipient) AS keys INTO held FROM ${schema}.leased(input->'leases');
        UPDATE ${schema}.queues SET holder = NULL, session = NULL, expires_at = '-infinity' WHERE recipient = ANY (held.keys);
        IF held.ids IS NOT NULL THEN PERFORM ${schema}.tell('lease', to_json(held.ids)); END IF;
        RETURN 'true';
      END`,
    ),

    // Answers with the head of each of these queues, in order; with NULL for one that has to be asked for again, because
    // something is to be admitted first, or because there is enough in the answer; and with whether more is to be admitted,
    // behind what is there. OFFSET 0 keeps the planner from looking through all payloads where it believes there are few.
    operation(
      `${schema}.read`,
      `
      DECLARE
        more boolean := ${schema}.admit('{}');
        asked json;
        queue record;
        head record;
        heads json[] := '{}';
        total bigint := 0;
      BEGIN
        FOR asked IN SELECT * FROM json_array_elements(input) LOOP
          IF total >= ${largestAnswer} THEN
            heads := heads || NULL::json;
            CONTINUE;
          END IF;
          SELECT q.recipient, q.settled INTO queue FROM ${schema}.recipients r JOIN ${schema}.queues q ON q.recipient = r.key
            WHERE r.id = asked->>'recipientId' AND q.fence = (asked->>'fence')::bigint AND q.holder IS NOT NULL;
          SELECT json_agg(json_build_array(h.sequence, h.id, h.type, h.version, h.occurred_at, h.accepted_at, h.data)
            ORDER BY h.sequence) AS deliveries, sum(octet_length(h.data)) AS bytes, bool_or(h.data IS NULL) AS is_damaged
          INTO head
          FROM (
            SELECT d.sequence, p.*, sum(coalesce(octet_length(p.data), 0)) OVER (ORDER BY d.sequence)
              - coalesce(octet_length(p.data), 0) AS before
            FROM (
              SELECT * FROM ${schema}.deliveries WHERE recipient = queue.recipient AND sequence > queue.settled
              ORDER BY recipient, sequence LIMIT (asked->>'limit')::int
            ) d LEFT JOIN LATERAL (SELECT * FROM ${schema}.payloads WHERE event = d.event OFFSET 0) p ON true
          ) h WHERE h.before < coalesce((asked->>'maxBytes')::float8, 'Infinity');
          IF head.is_damaged THEN RAISE SQLSTATE 'XX001' USING MESSAGE = 'an event that waits is not there'; END IF;
          total := total + coalesce(head.bytes, 0);
          heads := heads || CASE WHEN more AND queue.recipient IS NOT NULL THEN head.deliveries ELSE coalesce(head.deliveries, '[]') END;
        END LOOP;
        RETURN json_build_object('heads', to_json(heads), 'more', more);
      END`,
    ),

    // Answers with the places, from 1, of the settlements that were recorded. There is one for each recipient at most. What
    // was given up and arrives after others with higher numbers takes back no state.
    operation(
      `${schema}.settle`,
      `
      DECLARE
        held record;
        gone record;
        added record;
        finished bigint[];
        freed_bytes bigint := 0;
      BEGIN
        SELECT array_agg(l.n) AS places, array_agg(l.recipient) AS keys, array_agg(l.settled) AS settled,
          array_agg(l.through) AS throughs, array_agg(l.state) AS states, array_agg(l.number) AS numbers,
          array_agg(l.dropped) AS drops, bool_or(l.dropped IS NOT NULL) AS has_drops
        INTO held
        FROM (
          SELECT s.n, q.recipient, q.settled, s.through, s.state, s.number, s.dropped
          FROM ROWS FROM (json_to_recordset(input) AS ("recipientId" text, fence bigint, through bigint, state text,
              number bigint, dropped json)) WITH ORDINALITY AS s (recipient_id, fence, through, state, number, dropped, n)
            JOIN ${schema}.recipients r ON r.id = s.recipient_id JOIN ${schema}.queues q ON q.recipient = r.key
          WHERE q.holder IS NOT NULL AND q.fence = s.fence
          ORDER BY q.recipient FOR UPDATE OF q
        ) l;
        IF held.keys IS NULL THEN RETURN '[]'; END IF;

        WITH removed AS (
          DELETE FROM ${schema}.deliveries d USING unnest(held.keys, held.settled, held.throughs) AS h (recipient, settled, through)
          WHERE d.recipient = h.recipient AND d.sequence > h.settled AND d.sequence <= h.through
          RETURNING d.recipient, d.event, d.shared
        )
        SELECT array_agg(recipient) AS keys, array_agg(event) FILTER (WHERE NOT shared) AS own,
          array_agg(event) FILTER (WHERE shared) AS shared
        INTO gone FROM removed;

        finished := gone.own;
        IF gone.shared IS NOT NULL THEN
          PERFORM FROM ${schema}.shares WHERE event = ANY (gone.shared) ORDER BY event FOR UPDATE;
          UPDATE ${schema}.shares s SET waiting = s.waiting - g.n
            FROM (SELECT event, count(*) AS n FROM unnest(gone.shared) AS e (event) GROUP BY event) g WHERE s.event = g.event;
          WITH removed AS (DELETE FROM ${schema}.shares WHERE event = ANY (gone.shared) AND waiting <= 0 RETURNING event)
          SELECT finished || array_agg(event) INTO finished FROM removed;
        END IF;
        WITH removed AS (DELETE FROM ${schema}.payloads WHERE event = ANY (finished) RETURNING octet_length(data) AS bytes)
          SELECT coalesce(sum(bytes), 0) INTO freed_bytes FROM removed;

        UPDATE ${schema}.queues q SET
          settled = h.settled + (SELECT count(*) FROM unnest(gone.keys) AS k WHERE k = h.recipient),
          freed = q.freed + CASE h.recipient WHEN held.keys[1] THEN freed_bytes ELSE 0 END,
          state = CASE WHEN h.number > q.recorded THEN coalesce(h.state, q.state) ELSE q.state END,
          recorded = greatest(h.number, q.recorded)
        FROM unnest(held.keys, held.settled, held.states, held.numbers) AS h (recipient, settled, state, number)
        WHERE q.recipient = h.recipient;

        IF NOT held.has_drops THEN RETURN to_json(held.places); END IF;
        -- What had left before was recorded then.
        WITH added AS (
          INSERT INTO ${schema}.dropped (recipient, sequence, event, type, occurred_at, accepted_at, dropped_at, reason, error)
          SELECT d.drop->>'recipientId', (d.drop->>'sequence')::bigint, d.drop->>'eventId', d.drop->>'type',
            (d.drop->>'occurredAt')::float8, (d.drop->>'acceptedAt')::float8, (d.drop->>'droppedAt')::float8,
            d.drop->>'reason', d.drop->>'error'
          FROM unnest(held.drops, held.settled) AS h (drops, settled)
            CROSS JOIN LATERAL json_array_elements(h.drops) AS d (drop)
          WHERE (d.drop->>'sequence')::bigint > h.settled ORDER BY (d.drop->>'place')::int
          RETURNING number
        )
        SELECT min(number) AS first, max(number) AS last INTO added FROM added;
        -- Rows are counted, since numbers can have gaps: not each time, but whenever a thousand more were given out.
        IF added.last / 1000 > (added.first - 1) / 1000 THEN
          DELETE FROM ${schema}.dropped WHERE number < (
            SELECT number FROM ${schema}.dropped ORDER BY number DESC OFFSET 9999 LIMIT 1);
        END IF;
        RETURN to_json(held.places);
      END`,
    ),
  ].join('\n');
}
