// node examples/fastify-host.ts: a web service that tells a CRM about its support sessions.
//
//   curl -X PUT localhost:3000/sessions/4f1d0a7be2c94d0c8a65d3b1f7e92c08 -H 'content-type: application/json' \
//        -d '{ "external_key": "T-4711" }'
//   curl -X DELETE localhost:3000/sessions/4f1d0a7be2c94d0c8a65d3b1f7e92c08
//   curl localhost:3000/status
//
// Nothing need listen at CRM_URL for that. Kill the service and start it again: what waits is still there.

import Fastify from 'fastify';
import { isOutboundEventsError, OutboundEvents, supportSessionEvents } from 'outbound-events';

const { PORT = '3000', EVENTS_FILE = 'outbound-events.db', CRM_URL = 'http://127.0.0.1:8080/hook' } = process.env;

const app = Fastify({ logger: true });
const outbound = new OutboundEvents({
  events: supportSessionEvents,
  storage: EVENTS_FILE,
  allowedNetworks: ['public', 'loopback'], // CRM_URL may be on this machine; the default is 'public' alone
});

outbound.on('recipient:failing', (failing) => app.log.warn(failing, 'a recipient fails'));
outbound.on('recipient:recovered', (recovery) => app.log.info(recovery, 'a recipient has recovered'));
outbound.on('dropped', (delivery) => app.log.error(delivery, 'a delivery was given up'));
outbound.on('error', ({ code, message }) => app.log.error({ code }, message));

await outbound.addHttpRecipient({
  id: 'crm',
  name: 'CRM',
  url: CRM_URL,
  events: ['support_conference_begin', 'support_conference_end'],
  retry: { interval: '10s', duration: '3d' },
});

interface SessionRoute {
  Params: { lsid: string };
  Body: { external_key?: string };
}
const params = { type: 'object', properties: { lsid: { type: 'string', pattern: '^[0-9a-f]{32}$' } } };

app.put<SessionRoute>('/sessions/:lsid', { schema: { params } }, async ({ params: { lsid }, body }, reply) => {
  // The event's id follows from what happened, so a client that repeats its request makes no second event.
  await outbound.emit('support_conference_begin', { lsid, ...body }, { id: `${lsid}-begin` });
  return reply.code(202).send();
});

app.delete<SessionRoute>('/sessions/:lsid', { schema: { params } }, async ({ params: { lsid } }, reply) => {
  await outbound.emit('support_conference_end', { lsid }, { id: `${lsid}-end` });
  return reply.code(202).send();
});

app.get('/status', () => outbound.status());

app.setErrorHandler((error, _request, reply) => {
  if (!isOutboundEventsError(error)) return reply.send(error);
  // What is wrong with an event is up to the client. A full or failing storage is not: it may ask again later.
  const status = error.code.startsWith('ERR_EVENT_') ? 400 : 503;
  return reply.code(status).send({ code: error.code, message: error.message });
});

// First no more requests, then no more deliveries. What is left waits in the file.
app.addHook('onClose', () => outbound.stop());
process.once('SIGTERM', () => void app.close());
process.once('SIGINT', () => void app.close());

await outbound.start();
await app.listen({ port: Number(PORT), host: '127.0.0.1' });
