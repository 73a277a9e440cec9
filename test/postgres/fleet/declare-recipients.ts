import { type HttpRecipientInput, OutboundEvents } from '../../../src/index.ts';
import { PostgresStorage } from '../../../src/postgres.ts';
import { catalog } from '../../reliability/load.ts';
import type { Database } from '../database.ts';

/** Makes the schema, and adds the recipients, so that events find them whenever they are emitted. */
export async function declareRecipients(
  database: Database,
  recipients: readonly HttpRecipientInput<typeof catalog>[],
): Promise<void> {
  const outbound = new OutboundEvents({
    events: catalog,
    storage: new PostgresStorage({ pool: database.pool() }),
    allowedNetworks: ['loopback'],
  });
  for (const recipient of recipients) await outbound.addHttpRecipient(recipient);
  await outbound.stop();
}
