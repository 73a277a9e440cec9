import { HttpTransport as GotTransport } from '../../src/http.ts';
import { UndiciTransport } from '../../src/undici.ts';

/** The transport that the tests of this folder try: the one by got, or, in the second run of them, the one by undici. */
export const HttpTransport: typeof GotTransport = process.env.HTTP_CLIENT === 'undici' ? UndiciTransport : GotTransport;
export type HttpTransport = GotTransport;
