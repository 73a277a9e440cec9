import { registerHooks } from 'node:module';
import { setImmediate } from 'node:timers/promises';

const specifiers = [];
registerHooks({
  resolve(specifier, context, next) {
    specifiers.push(specifier);
    return next(specifier, context);
  },
});
const taken = () => specifiers.splice(0);

const { OutboundEvents, supportSessionEvents } = await import('outbound-events');
const imported = taken();
const outbound = new OutboundEvents({ events: supportSessionEvents, storage: ':memory:' });
await outbound.start();
const deadline = performance.now() + 5_000;
while (!specifiers.includes('is-network-error') && performance.now() < deadline) await setImmediate();
await outbound.stop();
console.log(JSON.stringify({ imported, started: taken() }));
