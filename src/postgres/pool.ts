/** What runs a statement: a client of `pg`, or what looks like one. */
export interface PostgresQueryable {
  query(text: string, values?: string[]): Promise<{ readonly rows: readonly unknown[] }>;
}

/** A connection that was taken from a pool. */
export interface PostgresClient extends PostgresQueryable {
  /** Gives the connection back; with `true` it is closed instead. */
  release(destroy?: boolean): void;
  on(event: 'notification', listener: (message: { readonly payload?: string | undefined }) => void): unknown;
  on(event: 'error' | 'end', listener: () => void): unknown;
  off(event: 'notification', listener: (message: { readonly payload?: string | undefined }) => void): unknown;
  off(event: 'error' | 'end', listener: () => void): unknown;
}

/** A pool of connections to PostgreSQL, as `Pool` of `pg` is one. */
export interface PostgresPool {
  /** Calls back with a connection, or with what is in the way of one. */
  connect(callback: (error: unknown, client?: PostgresClient) => void): void;
  /** How many connections it opens at most, where it says so. */
  readonly options?: { readonly max?: number | undefined } | undefined;
}

/**
 * The host's open transaction: a client on which `BEGIN` was run, or what makes another library's look like one. It is
 * asked with texts that have one parameter, `$1`, a string, or none.
 */
export type PostgresTransaction = PostgresQueryable;
