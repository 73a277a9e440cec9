import { OutboundEvents, OutboundEventsError } from 'outbound-events';
import { EmailTransport } from 'outbound-events/email';
import { HttpTransport } from 'outbound-events/http';
import manifest from 'outbound-events/package.json' with { type: 'json' };
import { copyToPostgres, PostgresStorage } from 'outbound-events/postgres';
import { SqliteStorage } from 'outbound-events/sqlite';
import { ManualClock, testQueueStorage, testTransport } from 'outbound-events/testing';
import { UndiciTransport } from 'outbound-events/undici';

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
