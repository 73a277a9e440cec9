import { strict as assert } from 'node:assert';
import type { StorageModel } from './storage-model.ts';
import type { ModelProcess, World } from './world.ts';

/** Makes sure that all that a process can see without changing anything is as in the model. */
export async function look(world: World, { storage }: ModelProcess, model: StorageModel = world.model): Promise<void> {
  const { refs } = model.leases;
  const few = { recipientId: 'crm', limit: 2 };
  const [recipients, stats, dropped, fewDropped, presence, ...queues] = await Promise.all([
    world.ask(null, () => storage.listRecipients()),
    world.ask(null, () => storage.stats()),
    world.ask({ limit: 1_000 }, (query) => storage.listDropped(query)),
    world.ask(few, (query) => storage.listDropped(query)),
    storage.announce('nobody', world.lasting(0)),
    ...refs.map((ref) => world.ask(ref, (lease) => storage.read(lease, 1_000, 1e9))),
  ]);
  assert.deepEqual(recipients, model.listRecipients());
  assert.deepEqual(stats.toSorted(byRecipient), model.stats().toSorted(byRecipient));
  assert.deepEqual(dropped, model.listDropped({ limit: 1_000 }));
  assert.deepEqual(fewDropped, model.listDropped(few));
  assert.deepEqual(presence, model.leases.presence(world.now, model.recipientIds));
  for (const [index, ref] of refs.entries()) assert.deepEqual(queues[index], model.read(ref, 1_000, 1e9));
}

/** Makes sure that every id that must be remembered is. */
export async function lookAtIds({ model }: World, { storage }: ModelProcess): Promise<void> {
  const ids = model.ids.remembered;
  const entries = ids.map((id) => {
    const event = { id, type: 'unheard.of', version: '1', occurredAt: 0, acceptedAt: 0, data: '{}' };
    return { event, recipientIds: [] };
  });
  const results = await storage.append(entries, { forgetBefore: Number.MIN_SAFE_INTEGER });
  const forgotten = ids.filter((_, index) => results[index]?.status !== 'id-reused');
  assert.deepEqual(forgotten, [], 'ids were forgotten');
}

/** Makes sure that every queue is as in the model: takes all leases. */
export async function lookAtQueues(world: World, process: ModelProcess): Promise<void> {
  const request = { ...world.lasting(60_000), holder: 'inspector', limit: 100, evenIfHeld: true };
  const leases = await process.storage.claim(request);
  world.model.claim(request, leases, process.number);
  await look(world, process);
}

function byRecipient(one: { readonly recipientId: string }, other: { readonly recipientId: string }): number {
  return one.recipientId < other.recipientId ? -1 : 1;
}
