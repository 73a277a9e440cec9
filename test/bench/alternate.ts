/**
 * Has all take turns, so many rounds, every other one backwards: what else the machine does, and how it changes meanwhile,
 * hits them alike. Returns each one's figures, a round after the other.
 */
export async function alternate<Turn, Figures>(
  turns: readonly Turn[],
  rounds: number,
  measure: (turn: Turn) => Promise<Figures>,
): Promise<ReadonlyMap<Turn, readonly Figures[]>> {
  const figures = new Map<Turn, Figures[]>(turns.map((turn) => [turn, []]));
  for (let round = 0; round < rounds; round += 1) {
    console.error(`round ${round + 1} of ${rounds}`);
    for (const turn of round % 2 === 0 ? turns : turns.toReversed()) {
      figures.get(turn)?.push(await measure(turn));
    }
  }
  return figures;
}
