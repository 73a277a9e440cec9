import { registerHooks } from 'node:module';

/** Loaded with `--import`: lets an example's `outbound-events` be the source instead of `dist`, so that no build is needed. */
registerHooks({
  resolve(specifier, context, nextResolve) {
    const [isOurs, entry = 'index'] = /^outbound-events(?:\/(\w+))?$/.exec(specifier) ?? [];
    if (isOurs === undefined) return nextResolve(specifier, context);
    return nextResolve(new URL(`../../src/${entry}.ts`, import.meta.url).href, context);
  },
});
