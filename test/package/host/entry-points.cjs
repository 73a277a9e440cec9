const { OutboundEvents, OutboundEventsError } = require('outbound-events');
const { EmailTransport } = require('outbound-events/email');
const { HttpTransport } = require('outbound-events/http');
const manifest = require('outbound-events/package.json');
const { PostgresStorage, copyToPostgres } = require('outbound-events/postgres');
const { SqliteStorage } = require('outbound-events/sqlite');
const { ManualClock, testQueueStorage, testTransport } = require('outbound-events/testing');
const { UndiciTransport } = require('outbound-events/undici');

const functions = [
  OutboundEvents,
  OutboundEventsError,
  EmailTransport,
  HttpTransport,
  SqliteStorage,
  PostgresStorage,
  copyToPostgres,
  ManualClock,
  testQueueStorage,
  testTransport,
  UndiciTransport,
];
console.log(manifest.name, ...functions.map(({ name }) => name));
