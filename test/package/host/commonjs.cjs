const api = require('outbound-events');

async function main() {
  const { deliverOne } = await import('./deliver-one.mjs');
  console.log(await deliverOne(api, process.argv[2]));
}

void main();
