import type { Pool } from 'pg';

/** A change of a row that took something back. */
const goesBack = `
  NEW.settled < OLD.settled OR NEW.fence < OLD.fence
  OR (NEW.settled = OLD.settled AND (OLD.state::json #>> '{head,attempts}')::int > (NEW.state::json #>> '{head,attempts}')::int)`;

/** A lease that another process took because it had run out: its process stood still, or was dead and not known to be. */
const ranOut = 'NEW.holder <> OLD.holder AND OLD.expires_at <= clock_timestamp()';

/** Looks at the queues in the database, past the library. */
export class QueueWatch {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** From now on changes of a kind are noted. */
  async begin(): Promise<void> {
    await this.#pool.query(`
      CREATE TABLE noted (kind text, before text, after text);
      CREATE FUNCTION note () RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN INSERT INTO public.noted VALUES (TG_ARGV[0], OLD::text, NEW::text); RETURN NULL; END';
      CREATE TRIGGER goes_back AFTER UPDATE ON outbound_events.queues
        FOR EACH ROW WHEN (${goesBack}) EXECUTE FUNCTION note('goes back');
      CREATE TRIGGER ran_out AFTER UPDATE ON outbound_events.queues
        FOR EACH ROW WHEN (${ranOut}) EXECUTE FUNCTION note('ran out');`);
  }

  /** Changes that took something back: what was settled, a fence, the attempts that were made. */
  async regressions(): Promise<readonly unknown[]> {
    return (await this.#pool.query("SELECT before, after FROM noted WHERE kind = 'goes back'")).rows;
  }

  /** How many leases ran out, and were taken by another process. */
  async leasesRunOut(): Promise<number> {
    return (await this.#pool.query("SELECT FROM noted WHERE kind = 'ran out'")).rowCount ?? 0;
  }

  /** Deliveries that wait. */
  async waiting(): Promise<number> {
    const { rows } = await this.#pool.query(
      'SELECT (SELECT sum(last) FROM outbound_events.tails) - (SELECT sum(settled) FROM outbound_events.queues) AS n',
    );
    return Number(rows[0].n);
  }

  /** The session of the process whose connections are called so; `null` while it has none. */
  async sessionOf(mark: string): Promise<number | null> {
    const { rows } = await this.#pool.query(
      `SELECT objid::int AS session FROM pg_locks JOIN pg_stat_activity USING (pid)
      WHERE locktype = 'advisory' AND mode = 'ExclusiveLock' AND objid <> 0 AND application_name = $1`,
      [mark],
    );
    return rows[0]?.session ?? null;
  }

  /** How many queues each session holds; those that hold none are not in it. */
  async shares(): Promise<readonly number[]> {
    const { rows } = await this.#pool.query(
      'SELECT count(*)::int AS n FROM outbound_events.queues WHERE session IS NOT NULL GROUP BY session',
    );
    return rows.map(({ n }) => n);
  }

  /** The queues that are held by the process of a session, and how much waits in each. */
  async heldBy(session: number | null): Promise<readonly { readonly recipientId: string; readonly queued: number }[]> {
    const { rows } = await this.#pool.query(
      `SELECT r.id AS "recipientId", (t.last - q.settled)::int AS queued
      FROM outbound_events.queues q JOIN outbound_events.tails t USING (recipient)
        JOIN outbound_events.recipients r ON r.key = q.recipient WHERE q.session = $1`,
      [session],
    );
    return rows;
  }

  /** What stands in the database: what a run that does not end hangs on. */
  async state(): Promise<object> {
    const { rows: queues } = await this.#pool.query(
      `SELECT r.id, t.last, q.settled, q.fence, q.holder, q.session, q.expires_at - clock_timestamp() AS left, q.state
      FROM outbound_events.queues q JOIN outbound_events.tails t USING (recipient)
        JOIN outbound_events.recipients r ON r.key = q.recipient ORDER BY r.id`,
    );
    const { rows: connections } = await this.#pool.query(
      `SELECT pid, application_name, state, wait_event_type, wait_event, now() - state_change AS since, left(query, 120) AS query
      FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    );
    return { now: new Date(), queues, connections };
  }
}
