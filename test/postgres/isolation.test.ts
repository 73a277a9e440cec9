import { expect, test } from 'vitest';
import type { PostgresClient, PostgresPool } from '../../src/postgres/pool.ts';
import { sqlState } from '../../src/postgres/postgres-error.ts';
import { storedEvent } from '../../src/testing/builders.ts';
import { ownDatabase, storageOver } from './hosts.ts';

test.each(['repeatable read', 'serializable'])(
  'where transactions are %s by default, what processes do is no reason for each other to fail',
  async (level) => {
    const database = await ownDatabase();
    const admin = database.pool();
    await admin.query(`ALTER DATABASE ${database.config.database} SET default_transaction_isolation = '${level}'`);
    let failures = 0;
    const open = async () => {
      const pool = database.pool();
      const counting: PostgresPool = {
        options: pool.options,
        connect: (callback) =>
          pool.connect((error, client) => {
            if (client === undefined) return callback(error);
            const query = async (text: string, values?: string[]) => {
              try {
                return await client.query(text, values);
              } catch (reason) {
                if (sqlState(reason) === '40001') failures += 1;
                throw reason;
              }
            };
            callback(undefined, Object.assign<PostgresClient, object>(Object.create(client), { query }));
          }),
      };
      return storageOver(counting);
    };
    const storages = [await open(), await open()] as const;
    for (const id of ['crm', 'erp']) await storages[0].saveRecipient({ id, settings: '{}' });
    const data = String.raw`{"text":"It's \\ and \" $1 ${'\u2028'}"}`;
    await Promise.all(
      storages.flatMap((storage, process) =>
        Array.from({ length: 100 }, (_, number) =>
          storage.append([{ event: storedEvent({ id: `${process}-${number}`, data }), recipientIds: ['crm', 'erp'] }], {
            forgetBefore: 0,
          }),
        ),
      ),
    );
    // Each process may have found out by a failure of its own, of every connection that was in use.
    expect(failures).toBeLessThan(20);
    const [lease] = await storages[0].claim({ holder: 'a', limit: 1, now: 0, expiresAt: 60_000 });
    const deliveries = await storages[0].read(lease ?? { recipientId: '', fence: 0 }, 1_000, 1e9);
    expect(deliveries.map(({ event }) => event.data)).toEqual(Array(200).fill(data));
  },
);
