import type { Pool } from 'pg';
import type { PostgresClient, PostgresPool } from '../../src/postgres/pool.ts';

/** A pool over a network that can hold back what is sent until long after it was given up. */
export class LatePool implements PostgresPool {
  readonly options: PostgresPool['options'];
  readonly #pool: Pool;
  readonly #late: { readonly text: string; readonly values: string[] | undefined }[] = [];
  #holds = false;

  constructor(pool: Pool) {
    this.#pool = pool;
    this.options = pool.options;
  }

  connect(callback: (error: unknown, client?: PostgresClient) => void): void {
    this.#pool.connect((error, client) => {
      if (client === undefined) return callback(error);
      const query = (text: string, values?: string[]) => {
        if (!this.#holds) return client.query(text, values);
        this.#late.push({ text, values });
        return Promise.reject(new Error('the connection was given up'));
      };
      callback(undefined, Object.assign(Object.create(client), { query }));
    });
  }

  /** What is sent meanwhile stays on its way, and the call is given up. */
  async givesUp(call: () => Promise<unknown>): Promise<void> {
    this.#holds = true;
    await call().then(
      () => Promise.reject(new Error('it was not given up')),
      () => {},
    );
    this.#holds = false;
  }

  /** What was on its way arrives. */
  async arrive(): Promise<void> {
    for (const { text, values } of this.#late.splice(0)) await this.#pool.query(text, values);
  }
}
