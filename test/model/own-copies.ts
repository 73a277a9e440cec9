/**
 * Makes a call with copies of what it is given, overwrites them while it is under way, and resolves with a copy of the
 * answer, which is overwritten too: nobody may keep what belongs to somebody else.
 */
export async function withOwnCopies<const Given, Answer>(
  given: Given,
  call: (given: Given) => Promise<Answer>,
): Promise<Answer> {
  const copies = structuredClone(given);
  const answering = call(copies);
  scribble(copies);
  const answer = await answering;
  const copy = structuredClone(answer);
  scribble(answer);
  return copy;
}

/** Overwrites every text and number in `value`, as deep as it goes; what is frozen stays. */
function scribble(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  for (const key of Object.keys(value)) {
    const inner: unknown = Reflect.get(value, key);
    if (typeof inner === 'object') scribble(inner);
    else Reflect.set(value, key, typeof inner === 'number' ? 666 : 'scribbled');
  }
  if (Array.isArray(value) && !Object.isFrozen(value)) value.length = 0;
}
