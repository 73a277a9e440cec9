import type { Pool, PoolClient } from 'pg';
import type { PostgresClient, PostgresPool } from '../../../src/postgres/pool.ts';
import { PostgresStorage } from '../../../src/postgres.ts';
import type { Database } from '../../postgres/database.ts';
import { until } from '../../postgres/hosts.ts';

/** All that a schema holds, but for what only ever counts on. */
const tables = 'recipients tails queues events payloads deliveries shares staged committed dropped holders'.split(' ');

/** A schema for one run after the other, whose clock for leases stands still until it is moved. */
export class PostgresGround {
  readonly #database: Database;
  readonly #admin: Pool;
  readonly #schema: string;
  readonly #idlePools: Pool[] = [];
  #pools = 0;

  private constructor(database: Database, schema: string) {
    this.#database = database;
    this.#admin = database.pool({ max: 1 });
    this.#schema = schema;
  }

  static async make(database: Database, schema: string): Promise<PostgresGround> {
    const ground = new PostgresGround(database, schema);
    await new PostgresStorage({ pool: ground.#admin, schema }).migrate();
    await ground.#query(`
      CREATE TABLE ${schema}.test_clock (at timestamptz NOT NULL);
      INSERT INTO ${schema}.test_clock VALUES ('2026-01-01');
      CREATE OR REPLACE FUNCTION ${schema}.lease_clock () RETURNS timestamptz LANGUAGE sql AS
        'SELECT at FROM ${schema}.test_clock'`);
    return ground;
  }

  /** Makes it as if it were new. */
  async clear(): Promise<void> {
    const emptied = tables.map((table) => `DELETE FROM ${this.#schema}.${table};`);
    await this.#query(`${emptied.join('')} UPDATE ${this.#schema}.totals SET bytes = 0`);
  }

  async passTime(ms: number): Promise<void> {
    await this.#query(`UPDATE ${this.#schema}.test_clock SET at = at + interval '${ms} milliseconds'`);
  }

  /** The next process; its pool may be that of one that was closed. */
  process(): PostgresProcess {
    const pool = this.#idlePools.pop() ?? this.#newPool();
    return new PostgresProcess({ pool, schema: this.#schema, admin: this.#admin, idlePools: this.#idlePools });
  }

  #newPool(): Pool {
    this.#pools += 1;
    const pool = this.#database.pool({
      max: 3,
      application_name: `${this.#schema}-${this.#pools}`,
      options: '-c synchronous_commit=off',
    });
    // What breaks a connection is of the test's making.
    pool.on('error', () => {});
    return pool;
  }

  async #query(text: string): Promise<void> {
    await this.#admin.query(text);
  }
}

interface ProcessContext {
  readonly pool: Pool;
  readonly schema: string;
  readonly admin: Pool;
  /** Where the pool goes when the process is closed: new connections take the server long. */
  readonly idlePools: Pool[];
}

/** A storage with a pool of its own, as a process of its own has it. */
export class PostgresProcess extends PostgresStorage {
  readonly #context: ProcessContext;
  readonly #life: { hasEnded: boolean; losesAnswers: boolean };

  constructor(context: ProcessContext) {
    const { pool, schema } = context;
    const life = { hasEnded: false, losesAnswers: false };
    const mortal: PostgresPool = {
      options: pool.options,
      connect: (callback) => {
        if (life.hasEnded) callback(new Error('this process is dead'));
        else if (life.losesAnswers) pool.connect((error, client) => callback(error, client && losingItsAnswer(client)));
        else pool.connect(callback);
      },
    };
    super({ pool: mortal, schema });
    this.#context = context;
    this.#life = life;
  }

  override async close(): Promise<void> {
    await super.close();
    if (this.#life.hasEnded) return;
    this.#life.hasEnded = true;
    this.#context.idlePools.push(this.#context.pool);
  }

  /** Ends it without a farewell. Resolves when the server has noticed. */
  async kill(): Promise<void> {
    this.#life.hasEnded = true;
    await this.#cut('true');
    await this.close();
    await this.#context.pool.end();
  }

  /** Meanwhile, every connection breaks when the server has done what was asked for, and before its answer comes. */
  async losingAnswers<Answer>(call: () => Promise<Answer>): Promise<Answer> {
    this.#life.losesAnswers = true;
    try {
      return await call();
    } finally {
      this.#life.losesAnswers = false;
    }
  }

  /** Cuts its connections, but for the one that shows that it lives. Resolves when it has others. */
  async cutConnections(): Promise<void> {
    await this.#cut(`NOT EXISTS (SELECT FROM pg_locks l WHERE l.pid = a.pid AND l.locktype = 'advisory'
      AND l.mode = 'ExclusiveLock' AND l.objid > 0)`);
    const { pool } = this.#context;
    await until(async () => {
      const answers = Array.from({ length: pool.options.max - 1 }, () => pool.query('SELECT 1'));
      return (await Promise.allSettled(answers)).every(({ status }) => status === 'fulfilled');
    });
  }

  async #cut(which: string): Promise<void> {
    const { admin, pool } = this.#context;
    const { rows } = await admin.query<{ pid: number }>(
      `SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity a WHERE application_name = $1 AND ${which}`,
      [pool.options.application_name],
    );
    const pids = rows.map(({ pid }) => pid);
    await until(async () => {
      const left = await admin.query('SELECT FROM pg_stat_activity WHERE pid = ANY ($1)', [pids]);
      return left.rowCount === 0;
    });
  }
}

function losingItsAnswer(client: PoolClient): PostgresClient {
  return {
    query: async (text, values) => {
      await client.query(text, values);
      throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
    },
    release: () => client.release(true),
    on: () => {},
    off: () => {},
  };
}
