export function median(values: readonly number[]): number {
  return quantile(
    values.toSorted((a, b) => a - b),
    0.5,
  );
}

/** Of values in ascending order. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
}

/** Figures of several rounds, as they are told: the middle one, and the lowest and the highest. */
export interface Told {
  readonly median: number;
  readonly spread: string;
}

export function told(values: readonly number[]): Told {
  const of = (value: number): string => (Number.isFinite(value) ? value.toPrecision(3) : '-');
  return { median: median(values), spread: `${of(Math.min(...values))} - ${of(Math.max(...values))}` };
}

/** How many times the others the ones are, round by round: what else the machine did in a round hit both. */
export function ratios(ones: readonly number[], others: readonly number[]): readonly number[] {
  return ones.map((one, round) => one / (others[round] ?? Number.NaN));
}
