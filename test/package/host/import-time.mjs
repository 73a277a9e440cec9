const begin = performance.now();
await import('outbound-events');
console.log(performance.now() - begin);
