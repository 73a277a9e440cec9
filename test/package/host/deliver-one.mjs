import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';

/**
 * Emits one event into a new database file, and resolves with the body that the receiver was sent.
 *
 * @param transports for a host that chooses them.
 */
export async function deliverOne({ OutboundEvents, supportSessionEvents }, file, transports) {
  const body = Promise.withResolvers();
  const receiver = createServer(async (request, response) => {
    body.resolve(await text(request));
    response.end();
  });
  await once(receiver.listen(0, '127.0.0.1'), 'listening');

  const outbound = new OutboundEvents({
    events: supportSessionEvents,
    storage: file,
    ...(transports === undefined ? { allowedNetworks: 'loopback' } : { transports }),
  });
  const delivered = new Promise((resolve) => outbound.once('delivered', resolve));
  await outbound.addHttpRecipient({
    name: 'Receiver',
    url: `http://127.0.0.1:${receiver.address().port}/hook`,
    events: '*',
  });
  outbound.start();
  await outbound.emit('support_conference_begin', { lsid: 'da39a3ee5e6b4b0d3255bfef95601890' });
  await delivered;
  await outbound.stop();
  receiver.close();
  return body.promise;
}
