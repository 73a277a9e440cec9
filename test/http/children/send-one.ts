// Makes one attempt as the options say, and writes what became of it.

import { attemptAt, httpRecipient } from '../../../src/testing/builders.ts';
import { HttpTransport } from '../transport.ts';

const { options, recipient } = JSON.parse(process.argv[2] ?? '');
const transport = new HttpTransport(options);
const result = await transport.send(attemptAt(httpRecipient(recipient)), { signal: new AbortController().signal });
await transport.close();
console.log(JSON.stringify(result));
