import type { Clock } from '../core/clock.ts';

/**
 * Until when a lease is ours for certain, by both times of a clock, reckoned from before it was asked for: `steady` stands
 * still while the machine is suspended, and the wall clock may be set.
 */
export interface LeaseEnd {
  readonly steady: number;
  readonly wall: number;
}

/** Of a lease that is asked for now. */
export function leaseEnd(clock: Clock, leaseDuration: number): LeaseEnd {
  return { steady: clock.steady() + leaseDuration, wall: clock.now() + leaseDuration };
}

/** Whether somebody else may have it by now. */
export function isOver({ steady, wall }: LeaseEnd, clock: Clock): boolean {
  return clock.steady() >= steady || clock.now() >= wall;
}
