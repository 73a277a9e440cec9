/**
 * The tables, as the steps that lead to them: step n makes schema version n from version n - 1. Released steps are never
 * edited; a change of the tables is a new step. `schema` is the quoted name of the schema.
 *
 * What changes with every delivery is kept in small rows of its own, apart for those who append (`tails`) and for him who
 * holds the lease (`queues`): neither waits for the other's commit. Their pages have room for new versions of their rows.
 */
export const migrations: readonly ((schema: string) => string)[] = [
  (schema) => `
  CREATE TABLE ${schema}.recipients (
    key      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id       text COLLATE "C" NOT NULL UNIQUE,
    settings text NOT NULL,                         -- JSON
    saved_by text,                                  -- the process that saved it last, and the number it gave that change
    change   bigint
  );

  -- The end of each queue. Whoever appends holds the row until he has committed, so numbers have no gaps and their order
  -- is that of the commits.
  CREATE TABLE ${schema}.tails (
    recipient bigint PRIMARY KEY,                   -- recipients.key
    last      bigint NOT NULL DEFAULT 0,            -- the sequence number of the last delivery that joined
    bytes     bigint NOT NULL DEFAULT 0             -- of payloads, counted at one recipient of each event
  ) WITH (fillfactor = 20, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);

  -- The head of each queue, its state, and who works on it.
  CREATE TABLE ${schema}.queues (
    recipient  bigint PRIMARY KEY,                  -- recipients.key
    settled    bigint NOT NULL DEFAULT 0,           -- the sequence number of the last delivery that left
    freed      bigint NOT NULL DEFAULT 0,           -- bytes of payloads that went with what was settled here
    state      text,                                -- JSON
    recorded   bigint NOT NULL DEFAULT 0,           -- the highest number of a settlement under this fence
    fence      bigint NOT NULL DEFAULT 0,
    holder     text,                                -- NULL: nobody
    session    int,                                 -- the advisory lock that its process holds as long as it lives
    expires_at timestamptz NOT NULL DEFAULT '-infinity'
  ) WITH (fillfactor = 20, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);

  CREATE SEQUENCE ${schema}.event_keys;

  -- Every event that is remembered: those that wait, and those whose id must be recognised when it comes again.
  CREATE TABLE ${schema}.events (
    key         bigint PRIMARY KEY,
    id          text COLLATE "C" NOT NULL UNIQUE,
    digest      text NOT NULL,                      -- of type and data
    accepted_at float8 NOT NULL                     -- epoch ms
  );

  -- What is sent, once for all recipients of the event; gone when no delivery waits.
  CREATE TABLE ${schema}.payloads (
    event       bigint PRIMARY KEY,                 -- events.key
    id          text NOT NULL,
    type        text NOT NULL,
    version     text NOT NULL,
    occurred_at float8 NOT NULL,                    -- epoch ms
    accepted_at float8 NOT NULL,                    -- epoch ms
    data        text NOT NULL                       -- JSON
  ) WITH (autovacuum_vacuum_scale_factor = 0.05);

  -- The queues. A row is written once and deleted once.
  CREATE TABLE ${schema}.deliveries (
    recipient bigint NOT NULL,                      -- recipients.key
    sequence  bigint NOT NULL,
    event     bigint NOT NULL,                      -- events.key
    shared    boolean NOT NULL,                     -- whether the event waits, or waited, for others too
    PRIMARY KEY (recipient, sequence)
  ) WITH (autovacuum_vacuum_scale_factor = 0.05);

  -- Of events for several recipients: how many still wait.
  CREATE TABLE ${schema}.shares (
    event   bigint PRIMARY KEY,                     -- events.key
    waiting int NOT NULL
  ) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);

  -- Events of transactions of the host. Such a transaction locks nothing that others need, however long it takes.
  CREATE TABLE ${schema}.staged (
    event       bigint PRIMARY KEY,                 -- events.key
    id          text COLLATE "C" NOT NULL,
    digest      text NOT NULL,
    accepted_at float8 NOT NULL,
    recipients  text[] NOT NULL,                    -- recipients.id
    bytes       int NOT NULL,                       -- of the payload; 0 for nobody
    transaction xid8 NOT NULL DEFAULT pg_current_xact_id(),
    UNIQUE (id, transaction)
  ) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);

  CREATE SEQUENCE ${schema}.positions;

  -- Those of them that are committed, for whoever comes next to put into the queues. In a table of its own: what open
  -- transactions have staged is not in the way.
  CREATE TABLE ${schema}.committed (
    position   bigint PRIMARY KEY,
    event      bigint NOT NULL,                     -- staged.event
    deliveries int NOT NULL,
    bytes      int NOT NULL
  ) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);

  -- The newest deliveries that were given up. A row outlives its recipient and its event.
  CREATE TABLE ${schema}.dropped (
    number      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    recipient   text NOT NULL,                      -- recipients.id
    sequence    bigint NOT NULL,
    event       text NOT NULL,                      -- events.id
    type        text NOT NULL,
    occurred_at float8 NOT NULL,
    accepted_at float8 NOT NULL,
    dropped_at  float8 NOT NULL,
    reason      text NOT NULL,
    error       text                                -- JSON
  );

  -- One for all recipients, so that one that is removed and added again never gets a number it had.
  CREATE SEQUENCE ${schema}.fences;
  CREATE SEQUENCE ${schema}.sessions AS int CYCLE;

  -- Who is there to work on queues.
  CREATE TABLE ${schema}.holders (
    holder     text PRIMARY KEY,
    session    int,
    expires_at timestamptz NOT NULL
  );

  -- One row: how often recipients have changed, and what removed recipients leave to the count of bytes.
  CREATE TABLE ${schema}.totals (
    revision bigint NOT NULL,
    bytes    bigint NOT NULL
  );
  INSERT INTO ${schema}.totals VALUES (0, 0);
  `,
];
