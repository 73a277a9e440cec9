import fc from 'fast-check';

/** Any value a caller without types could pass. */
export const anyValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.anything({
    withBigInt: true,
    withBoxedValues: true,
    withDate: true,
    withMap: true,
    withNullPrototype: true,
    withObjectString: true,
    withSet: true,
    withSparseArray: true,
    withTypedArray: true,
    withUnicodeString: true,
  }),
  fc.constantFrom<unknown>(Symbol('any'), () => 5, class {}, Number.NaN, Number.POSITIVE_INFINITY, -1, 0, '', []),
);

/** A good value with a few things changed at random, at any depth: replaced, taken out, or put in. */
export function withAnything(good: object): fc.Arbitrary<unknown> {
  const place = fc.constantFrom(...placesIn(good));
  const change = fc.record({ place, value: fc.oneof(anyValue, fc.constant(absent)), key: fc.option(fc.string()) });
  return fc.array(change, { maxLength: 3 }).map((changes) => {
    let changed: unknown = good;
    for (const { place: keys, value, key } of changes)
      changed = put(changed, key === null ? keys : [...keys, key], value);
    return changed;
  });
}

const absent = Symbol('absent');

/** The paths to everything in plain objects and lists. */
function placesIn(value: unknown): string[][] {
  if (!isPlain(value)) return [[]];
  return [[], ...Object.entries(value).flatMap(([key, item]) => placesIn(item).map((path) => [key, ...path]))];
}

function put(target: unknown, [key, ...rest]: readonly string[], value: unknown): unknown {
  if (key === undefined) return value === absent ? undefined : value;
  // The length of a list cannot be just anything; JavaScript itself refuses that.
  if (!isPlain(target) || (Array.isArray(target) && key === 'length')) return target;
  const copy = (Array.isArray(target) ? [...target] : { ...target }) as Record<string, unknown>;
  if (rest.length === 0 && value === absent) delete copy[key];
  else Object.defineProperty(copy, key, { ...everyday, value: put(copy[key], rest, value) });
  return copy;
}

const everyday = { configurable: true, enumerable: true, writable: true };

function isPlain(value: unknown): value is Record<string, unknown> {
  return Array.isArray(value) || (typeof value === 'object' && Object.getPrototypeOf(value ?? 0) === Object.prototype);
}
