/** What the SQL of functions is made for. */
export interface SqlNames {
  /** The quoted name of the schema. */
  readonly schema: string;
  /** The name of the schema as a literal; also that of the channel of its news. */
  readonly channel: string;
  /** The first number of this schema's advisory locks; the second is 0 for lining up, or that of a session. */
  readonly lockClass: number;
}

/**
 * Plans that stay good whatever the tables hold: a queue that was empty when it was analysed may hold a million now. Up to
 * PostgreSQL 17 a way that is switched off counts as so expensive that the plan would be compiled to machine code each time.
 */
const planning =
  'SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off';

/** A function in PL/pgSQL that is called by others, or for its effect. */
export function innerFunction(head: string, body: string): string {
  return `CREATE FUNCTION ${head} LANGUAGE plpgsql AS $function$${body}$function$;\n`;
}

/** A function in PL/pgSQL that is called from outside: JSON in, JSON out. */
export function operation(name: string, body: string): string {
  return innerFunction(`${name} (input json) RETURNS json`, body).replace('LANGUAGE', `${planning} LANGUAGE`);
}
