/** Runs a statement within a transaction; resolves with its rows. */
export type Query = (text: string) => Promise<readonly unknown[]>;

/** Changes settings of the server until the transaction ends; those that it does not know are left out. */
export async function setForTransaction(query: Query, settings: Readonly<Record<string, string>>): Promise<void> {
  const values = Object.entries(settings).map(([name, value]) => `('${name}', '${value}')`);
  await query(`
    SELECT set_config(s.name, s.value, true) FROM (VALUES ${values.join()}) AS s (name, value)
    WHERE s.name IN (SELECT name FROM pg_settings)`);
}
