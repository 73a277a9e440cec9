import { scribble } from '../../src/testing/scribble.ts';

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
