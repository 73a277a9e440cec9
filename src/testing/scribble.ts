/** Overwrites every value in `value` that is no object, as deep as it goes, and empties its lists; what is frozen stays. */
export function scribble(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  for (const key of Object.keys(value)) {
    const inner: unknown = Reflect.get(value, key);
    if (typeof inner === 'object') scribble(inner);
    else Reflect.set(value, key, typeof inner === 'number' ? 666 : 'scribbled');
  }
  if (Array.isArray(value) && !Object.isFrozen(value)) value.length = 0;
}
