/** Marks a SQLite file as ours ("OutE" in ASCII); another application's is refused. Never changes. */
export const applicationId = 0x4f757445;

/**
 * The tables, as the steps that lead to them: step n makes schema version n + 1 from version n. Released steps are
 * never edited; a change of the tables is a new step.
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE recipients (
    key      INTEGER PRIMARY KEY AUTOINCREMENT,
    id       TEXT    NOT NULL UNIQUE,
    settings TEXT    NOT NULL,            -- JSON
    checksum INTEGER NOT NULL,            -- of id and settings
    state    TEXT,                        -- JSON of its queue's state
    settled  INTEGER NOT NULL,            -- the sequence number of the last delivery that left its queue
    swept    INTEGER NOT NULL,            -- that of the last whose row in \`deliveries\` is gone
    queue_checksum INTEGER NOT NULL       -- of id, settled and swept
  ) STRICT;

  -- Every event that is remembered: those that wait, and those whose id must be recognised when it comes again.
  CREATE TABLE events (
    key         INTEGER PRIMARY KEY,
    id          TEXT    NOT NULL UNIQUE,
    digest      TEXT    NOT NULL,         -- of type and data
    accepted_at REAL    NOT NULL,         -- epoch ms
    waiting     INTEGER NOT NULL          -- its rows in \`deliveries\`
  ) STRICT;

  -- What is sent, once for all recipients of the event; gone with the last of its rows in \`deliveries\`. Apart from
  -- \`events\`, whose rows stay small and are written again as those go.
  CREATE TABLE payloads (
    event       INTEGER PRIMARY KEY,      -- events.key
    type        TEXT    NOT NULL,
    version     TEXT    NOT NULL,
    occurred_at REAL    NOT NULL,         -- epoch ms
    data        TEXT    NOT NULL,         -- JSON
    checksum    INTEGER NOT NULL          -- of all that is sent
  ) STRICT;

  -- The queues. A delivery's row is written once and deleted once: what changes while it waits is in \`recipients\`. Those
  -- up to \`settled\` have left, and are swept soon after, many together.
  CREATE TABLE deliveries (
    recipient INTEGER NOT NULL,           -- recipients.key
    sequence  INTEGER NOT NULL,
    event     INTEGER NOT NULL,           -- events.key
    checksum  INTEGER NOT NULL,           -- of the other three
    PRIMARY KEY (recipient, sequence)
  ) STRICT, WITHOUT ROWID;

  -- The newest deliveries that were given up. A row outlives its recipient and its event.
  CREATE TABLE dropped (
    number      INTEGER PRIMARY KEY,
    recipient   TEXT    NOT NULL,         -- recipients.id
    sequence    INTEGER NOT NULL,
    event       TEXT    NOT NULL,         -- events.id
    type        TEXT    NOT NULL,
    occurred_at REAL    NOT NULL,
    accepted_at REAL    NOT NULL,
    dropped_at  REAL    NOT NULL,
    reason      TEXT    NOT NULL,
    error       TEXT                      -- JSON
  ) STRICT;

  -- One row: the last fencing number that was given out. One for all recipients, so that one that is removed and
  -- added again never gets a number it had.
  CREATE TABLE fence (last INTEGER NOT NULL) STRICT;
  INSERT INTO fence (last) VALUES (0);
  `,
];

/**
 * Leases end with the process that took them, and nobody else may have the file open meanwhile: a temporary table, which
 * takes part in transactions but never reaches the disk.
 */
export const temporaryTables = `
  CREATE TEMP TABLE leases (
    recipient  INTEGER PRIMARY KEY,       -- recipients.key
    holder     TEXT    NOT NULL,
    fence      INTEGER NOT NULL,
    expires_at REAL    NOT NULL           -- epoch ms
  ) STRICT;
  CREATE TEMP TABLE holders (
    holder     TEXT PRIMARY KEY,
    expires_at REAL NOT NULL              -- epoch ms
  ) STRICT;
`;
