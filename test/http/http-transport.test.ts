import { describe, test } from 'vitest';
import { testTransport } from '../../src/testing.ts';
import { HttpTransport } from './transport.ts';

testTransport({ test, describe, create: () => new HttpTransport({ allowedNetworks: ['loopback'] }) });
