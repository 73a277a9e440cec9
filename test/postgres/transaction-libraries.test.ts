import { drizzle } from 'drizzle-orm/node-postgres';
import { sql } from 'drizzle-orm/sql';
import knex from 'knex';
import { CompiledQuery, Kysely, PostgresDialect } from 'kysely';
import postgres from 'postgres';
import { afterAll, expect, test } from 'vitest';
import type { PostgresTransaction } from '../../src/postgres.ts';
import { createDatabase } from './database.ts';
import { deliveries, host } from './hosts.ts';

const database = await createDatabase();
const { connectionString } = database;
const pool = database.pool();
const orders = postgres(connectionString, { onnotice: () => {} });
const drizzled = drizzle(pool);
const kysely = new Kysely<Record<string, never>>({ dialect: new PostgresDialect({ pool: database.pool() }) });
const knexed = knex({ client: 'pg', connection: connectionString });

afterAll(async () => {
  await Promise.all([orders.end(), kysely.destroy(), knexed.destroy()]);
  await database.drop();
});

/** What a host does within a transaction, by means of its library. */
interface Work {
  readonly transaction: PostgresTransaction;
  run(statement: string): Promise<unknown>;
}

interface Library {
  /** Commits what `work` did, unless it rejects: then rolls it back, and rejects too. */
  within(work: (by: Work) => Promise<void>): Promise<unknown>;
  /** What stands in for a transaction, but is none. */
  readonly outside: PostgresTransaction;
}

// What to pass, as docs/postgres.md has it.
const byPostgres = (sql: postgres.Sql | postgres.TransactionSql): PostgresTransaction => ({
  query: async (text, values = []) => ({ rows: await sql.unsafe(text, values) }),
});
const byDrizzle = (tx: Pick<typeof drizzled, 'execute'>): PostgresTransaction => ({
  query: (text, values = []) => {
    const [before = '', after = ''] = text.split('$1');
    return tx.execute(values.length === 0 ? sql.raw(text) : sql`${sql.raw(before)}${values[0]}${sql.raw(after)}`);
  },
});
const byKysely = (trx: Pick<typeof kysely, 'executeQuery'>): PostgresTransaction => ({
  query: (text, values = []) => trx.executeQuery(CompiledQuery.raw(text, values)),
});
const byKnex = (trx: Pick<typeof knexed, 'raw'>): PostgresTransaction => ({
  query: (text, values = []) => trx.raw(text.replaceAll('$1', '?'), values),
});

const libraries: Readonly<Record<string, Library>> = {
  pg: {
    outside: pool,
    async within(work) {
      const client = await pool.connect();
      try {
        await client.query('BEGIN');
        await work({ transaction: client, run: (statement) => client.query(statement) });
        await client.query('COMMIT');
      } catch (error) {
        await client.query('ROLLBACK');
        throw error;
      } finally {
        client.release();
      }
    },
  },
  postgres: {
    outside: byPostgres(orders),
    within: (work) =>
      orders.begin((sql) => work({ transaction: byPostgres(sql), run: async (statement) => sql.unsafe(statement) })),
  },
  drizzle: {
    outside: byDrizzle(drizzled),
    within: (work) =>
      drizzled.transaction((tx) => work({ transaction: byDrizzle(tx), run: async (text) => tx.execute(text) })),
  },
  kysely: {
    outside: byKysely(kysely),
    within: (work) =>
      kysely
        .transaction()
        .execute((trx) =>
          work({ transaction: byKysely(trx), run: (statement) => trx.executeQuery(CompiledQuery.raw(statement)) }),
        ),
  },
  knex: {
    outside: byKnex(knexed),
    within: (work) =>
      knexed.transaction((trx) => work({ transaction: byKnex(trx), run: async (statement) => trx.raw(statement) })),
  },
};

/** What a library could take for something of its own. */
const awkward = `? ?? \\? $1 $2 :name ::text 'single' "double" \`back\` \\ %s 🚚 ä {} ?|`;

test.each(Object.keys(libraries))(
  'a transaction of %s: what is committed is sent as it is, the rest never',
  async (name) => {
    const { within } = libraries[name] as Library;
    const { outbound, http } = host(database);
    await pool.query('DROP SCHEMA IF EXISTS outbound_events CASCADE');
    await pool.query('DROP TABLE IF EXISTS orders; CREATE TABLE orders (number int)');
    await outbound.addHttpRecipient({ id: 'crm', name: 'CRM', url: 'https://crm.example.com/', events: '*' });
    const done = deliveries([{ outbound }], 1);
    await outbound.start();

    const failed = within(async ({ transaction, run }) => {
      await run('INSERT INTO orders VALUES (1)');
      await outbound.emit('order.paid', { order: 1 }, { transaction });
      throw new Error('the host changed its mind');
    });
    await expect(failed).rejects.toThrow('the host changed its mind');
    await within(async ({ transaction, run }) => {
      await run('INSERT INTO orders VALUES (2)');
      await outbound.emit('order.paid', { order: 2, note: awkward }, { transaction });
      await expect(outbound.status()).resolves.toMatchObject({ recipients: [{ queued: 0 }] });
    });

    await done;
    expect(http.attempts.map(({ data, sequence }) => ({ data, sequence }))).toEqual([
      { data: { order: 2, note: awkward }, sequence: 1 },
    ]);
    expect((await pool.query('SELECT number FROM orders')).rows).toEqual([{ number: 2 }]);
  },
);

test.each(Object.keys(libraries))('without a transaction of %s nothing is stored', async (name) => {
  const { outside } = libraries[name] as Library;
  const { outbound } = host(database);
  await pool.query('DROP SCHEMA IF EXISTS outbound_events CASCADE');
  await outbound.addHttpRecipient({ id: 'crm', name: 'CRM', url: 'https://crm.example.com/', events: '*' });
  const emitted = outbound.emit('order.paid', { order: 1 }, { transaction: outside });
  await expect(emitted).rejects.toMatchObject({ code: 'ERR_TRANSACTION_MISSING' });
  expect(await outbound.status()).toMatchObject({ recipients: [{ queued: 0 }] });
});
