import { strict as assert } from 'node:assert';
import type { ClaimRequest } from '../../src/core/storage.ts';
import type { ClaimPlan, Command, WriteCommand } from './commands.ts';
import { deedOf } from './deeds.ts';
import { interrupt } from './interrupt.ts';
import { look, lookAtIds } from './look.ts';
import { pick, recipientIds } from './names.ts';
import type { ModelProcess, World } from './world.ts';

/** Does what the command says, in the storage and in the model, and makes sure that both answer alike. */
export async function perform(world: World, command: Command): Promise<void> {
  switch (command.do) {
    case 'passTime':
      world.now += command.ms;
      return world.subject.passTime?.(command.ms);
    case 'interrupt':
      return interrupt(world, command.write, command.moment);
    case 'save':
    case 'remove':
    case 'append':
    case 'settle':
      return write(world, command);
    default:
      return performBy(world, world.process(command.process), command);
  }
}

async function write(world: World, command: WriteCommand): Promise<void> {
  const deed = deedOf(world, command, false);
  deed.apply(world.model, await deed.call(world.process(command.process).storage));
}

type Other = Exclude<Command, WriteCommand | { readonly do: 'passTime' | 'interrupt' }>;

async function performBy(world: World, process: ModelProcess, command: Other): Promise<void> {
  const { model } = world;
  const { storage, number } = process;
  switch (command.do) {
    case 'claim':
      return claim(world, process, command.claim);
    case 'renew': {
      const refs = command.leases.map((n) => world.lease(n)).filter((ref) => !model.leases.isAnothers(ref, number));
      const times = world.lasting(command.lastsMs);
      const lost = await world.ask({ refs, times }, (given) => storage.renew(given.refs, given.times));
      assert.deepEqual(lost.toSorted(), model.renew(refs, times).toSorted());
      return;
    }
    case 'release': {
      const refs = command.leases.map((n) => world.lease(n));
      await world.ask(refs, (given) => storage.release(given));
      for (const ref of refs) model.leases.release(ref);
      return;
    }
    case 'read': {
      const { limit, maxBytes } = command;
      const ref = world.lease(command.lease);
      const deliveries = await world.ask(ref, (lease) => storage.read(lease, limit, maxBytes));
      assert.deepEqual(deliveries, model.read(ref, limit, maxBytes));
      return;
    }
    case 'announce': {
      const holder = holderOf(process, command.holder);
      const { now, expiresAt } = world.lasting(command.lastsMs);
      const presence = await storage.announce(holder, { now, expiresAt });
      model.leases.announce(holder, now, expiresAt, number);
      assert.deepEqual(presence, model.leases.presence(now, model.recipientIds));
      return;
    }
    case 'listDropped': {
      const { recipient, limit } = command;
      const query = recipient === null ? { limit } : { recipientId: pick(recipientIds, recipient), limit };
      const dropped = await world.ask(query, (given) => storage.listDropped(given));
      assert.deepEqual(dropped, model.listDropped(query));
      return;
    }
    case 'stats': {
      const id = pick(recipientIds, command.recipient);
      assert.deepEqual(await storage.stats(id), model.stats(id));
      return;
    }
    case 'crash':
    case 'reopen':
      if (command.do === 'crash' && world.subject.crash) await world.subject.crash(storage);
      else await storage.close();
      await world.openNext(process, command.limits);
      await look(world, world.process(number));
      return lookAtIds(world, world.process(number));
  }
}

async function claim(world: World, process: ModelProcess, plan: ClaimPlan): Promise<void> {
  const request: ClaimRequest = {
    ...world.lasting(plan.lastsMs),
    holder: holderOf(process, plan.holder),
    limit: plan.limit,
    ...(plan.of === null ? {} : { recipientIds: plan.of.map((n) => pick(recipientIds, n)) }),
    ...(plan.evenIfHeld ? { evenIfHeld: true } : {}),
  };
  const leases = await world.ask(request, (given) => process.storage.claim(given));
  world.model.claim(request, leases, process.number);
  world.gave(leases);
}

/** A name no other process has. */
function holderOf({ number, life }: ModelProcess, holder: number): string {
  return `process-${number}.${life}/${holder}`;
}
