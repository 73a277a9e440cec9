import { registerHooks } from 'node:module';

const specifiers = [];
registerHooks({
  resolve(specifier, context, next) {
    specifiers.push(specifier);
    return next(specifier, context);
  },
});
await import('outbound-events');
console.log(JSON.stringify(specifiers));
