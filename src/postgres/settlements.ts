import type { DroppedDelivery, Settlement } from '../core/storage.ts';

/** The number of the last settlement. One count for all openings in this process: a lease may outlast one. */
let lastNumber = 0;

/** Settlements as the functions of the schema take them, and what their answer means. */
export interface GivenSettlements {
  /** One for each lease, with a number that is higher than those of all before. */
  readonly given: readonly object[];
  /** One boolean for each settlement there was, from the places of those given that were recorded. */
  readonly recorded: (places: readonly number[]) => readonly boolean[];
}

/** Takes those of one call together. What is given again gets a new number: nothing newer has been recorded meanwhile. */
export function givenSettlements(settlements: readonly Settlement[]): GivenSettlements {
  const merged = mergeSettlements(settlements);
  lastNumber += 1;
  const given = [...merged.values()].map((settlement) => ({
    ...settlement,
    number: lastNumber,
    state: settlement.state && JSON.stringify(settlement.state),
    dropped: settlement.dropped.length === 0 ? undefined : settlement.dropped.map(givenDrop),
  }));
  const keys = settlements.map(keyOf);
  const mergedKeys = [...merged.keys()];
  return {
    given,
    recorded: (places) => {
      const found = new Set(places.map((place) => mergedKeys[place - 1]));
      return keys.map((key) => found.has(key));
    },
  };
}

interface Merged extends Settlement {
  readonly dropped: readonly Drop[];
}

interface Drop extends DroppedDelivery {
  /** Among all that are dropped by the call, whatever their lease. */
  readonly place: number;
}

/** One for each lease, as if they were made one after the other. */
function mergeSettlements(settlements: readonly Settlement[]): ReadonlyMap<string, Merged> {
  const merged = new Map<string, Merged>();
  let place = 0;
  for (const settlement of settlements) {
    const before = merged.get(keyOf(settlement)) ?? { through: 0, dropped: [], state: undefined };
    // What leaves with the one before is recorded with it.
    const dropped = settlement.dropped.filter(({ sequence }) => sequence > before.through);
    merged.set(keyOf(settlement), {
      ...settlement,
      through: Math.max(settlement.through, before.through),
      dropped: [...before.dropped, ...dropped.map((drop) => ({ ...drop, place: ++place }))],
      state: settlement.state ?? before.state,
    });
  }
  return merged;
}

function givenDrop(drop: Drop): object {
  return { ...drop, error: drop.error && JSON.stringify(drop.error) };
}

function keyOf({ recipientId, fence }: Settlement): string {
  return `${fence} ${recipientId}`;
}
