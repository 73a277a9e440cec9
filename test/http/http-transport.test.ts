import { describe, test } from 'vitest';
import { HttpTransport } from '../../src/http.ts';
import { testTransport } from '../../src/testing.ts';

testTransport({ test, describe, create: () => new HttpTransport({ allowedNetworks: ['loopback'] }) });
