import { createHash } from 'node:crypto';
import { refuse } from '../core/check.ts';
import { OutboundEventsError } from '../core/errors.ts';
import { appendFunctions } from './append-functions.ts';
import type { Connections } from './connections.ts';
import type { PostgresClient, PostgresQueryable } from './pool.ts';
import { queueFunctions } from './queue-functions.ts';
import { recipientFunctions } from './recipient-functions.ts';
import { migrations } from './schema.ts';
import type { SqlNames } from './sql-function.ts';
import { stagingFunctions } from './staging-functions.ts';

/** For one step, which may have much to rewrite, before the other side counts as gone. */
const stepMs = 15 * 60_000;

/** The oldest PostgreSQL that is supported, as `server_version_num` has it. */
const oldestServer = 140_000;

/** The steps from nothing to the newest version: tables, then the functions over them. */
function steps(names: SqlNames): readonly string[] {
  const [tables = ''] = migrations.map((migration) => migration(names.schema));
  return [
    tables + appendFunctions(names) + stagingFunctions(names) + queueFunctions(names) + recipientFunctions(names),
  ];
}

/** The name of a schema that was given as an option; without one, the usual name. */
export function checkSchema(schema: unknown = 'outbound_events'): string {
  if (typeof schema === 'string' && /^[a-z_][a-z0-9_]{0,62}$/.test(schema)) return schema;
  return refuse('ERR_CONFIG_VALUE', 'schema', '1 to 63 of a-z, 0-9 and _, not beginning with a digit', schema);
}

/** The names in `schema`. */
export function sqlNames(schema: string): SqlNames {
  const lockClass = createHash('sha256').update(`outbound-events ${schema}`).digest().readInt32BE();
  return { schema: `"${schema}"`, channel: `'${schema}'`, lockClass };
}

/**
 * Brings the schema to the newest version. Several processes may at a time: one does, the others wait for it, but no longer
 * than for anything else. When it rejects, the client is to be closed: the server rolls back what was begun.
 */
export async function migrate(connections: Connections, client: PostgresClient, names: SqlNames): Promise<void> {
  const bounded = connections.bounded(client);
  await bounded.query('BEGIN ISOLATION LEVEL READ COMMITTED');
  await bounded.query(`SET LOCAL lock_timeout = ${connections.lockTimeout}`);
  if ((await versionOf(bounded, names)) === steps(names).length) {
    await bounded.query('ROLLBACK');
    return;
  }
  await bounded.query(`SELECT pg_advisory_xact_lock(${names.lockClass}, 0)`);
  // Not IF NOT EXISTS: that asks for the right to create schemas even where there is one.
  if (!(await hasSchema(bounded, names))) await bounded.query(`CREATE SCHEMA ${names.schema}`);
  await bounded.query(`CREATE TABLE IF NOT EXISTS ${names.schema}.schema_version (version int NOT NULL)`);
  const version = await versionOf(bounded, names);
  for (const step of steps(names).slice(version)) await connections.within(client.query(step), stepMs);
  await bounded.query(`DELETE FROM ${names.schema}.schema_version`);
  await bounded.query(`INSERT INTO ${names.schema}.schema_version VALUES (${steps(names).length})`);
  await bounded.query('COMMIT');
}

/** Throws unless the schema is there in the newest version. */
export async function checkVersion(client: PostgresQueryable, names: SqlNames): Promise<void> {
  if ((await versionOf(client, names)) < steps(names).length) {
    throw new OutboundEventsError(
      'ERR_STORAGE_OPEN',
      `the schema ${names.schema} is not there or older than this version of outbound-events; run migrate() with a role that may`,
    );
  }
}

/** 0 where there is none. Throws `ERR_SCHEMA_NEWER`. */
async function versionOf(client: PostgresQueryable, names: SqlNames): Promise<number> {
  const table = `${names.schema}.schema_version`;
  const found = await first(client, `SELECT to_regclass('${table}') IS NOT NULL AS is_there`);
  if (found.is_there !== true) return 0;
  const version = Number((await first(client, `SELECT max(version)::text AS version FROM ${table}`)).version ?? 0);
  if (version > steps(names).length) {
    throw new OutboundEventsError(
      'ERR_SCHEMA_NEWER',
      `the schema ${names.schema} was made by a newer version of outbound-events (${version}); update the package`,
    );
  }
  return version;
}

async function hasSchema(client: PostgresQueryable, { channel }: SqlNames): Promise<boolean> {
  const row = await first(client, `SELECT count(*)::text AS count FROM pg_namespace WHERE nspname = ${channel}`);
  return row.count !== '0';
}

/** Throws for a server that cannot be used, and answers with what is to be said about it. */
export async function checkServer(client: PostgresQueryable): Promise<readonly string[]> {
  const row = await first(
    client,
    `SELECT current_setting('server_version_num') AS version, current_setting('server_version') AS name,
      pg_is_in_recovery()::text AS standby, current_setting('synchronous_commit') AS commit,
      current_setting('fsync') AS fsync, current_setting('full_page_writes') AS pages,
      current_setting('server_encoding') AS encoding`,
  );
  if (Number(row.version) < oldestServer) {
    throw new OutboundEventsError('ERR_STORAGE_OPEN', `PostgreSQL 14 or newer is needed; this is ${row.name}`);
  }
  if (row.standby === 'true') {
    throw new OutboundEventsError('ERR_STORAGE_OPEN', 'this PostgreSQL server is a standby, which only reads');
  }
  if (row.encoding !== 'UTF8') {
    throw new OutboundEventsError(
      'ERR_STORAGE_OPEN',
      `a database with the encoding UTF8 is needed, to hold every character; this one has ${row.encoding}`,
    );
  }
  const warnings: string[] = [];
  const lost = 'events that were accepted can be lost when the server crashes or loses power';
  if (row.commit === 'off') warnings.push(`synchronous_commit is off: ${lost}; set it to on for the role of the pool`);
  if (row.fsync === 'off') warnings.push(`fsync is off: ${lost}; switch it on`);
  if (row.pages === 'off') warnings.push(`full_page_writes is off: ${lost}; switch it on`);
  return warnings;
}

async function first(client: PostgresQueryable, text: string): Promise<Readonly<Record<string, unknown>>> {
  return (await client.query(text)).rows[0] as Readonly<Record<string, unknown>>;
}
