import { register, type TestRunner, type Themes } from './test-runner.ts';
import { transportByteTests } from './transport-bytes.ts';
import { transportCloseTests } from './transport-close.ts';
import { transportConnectionTests } from './transport-connections.ts';
import { transportFaultTests } from './transport-faults.ts';
import { transportFramingTests } from './transport-framing.ts';
import { transportSignalTests } from './transport-signal.ts';
import { transportSignatureTests } from './transport-signatures.ts';
import { transportStatusTests } from './transport-statuses.ts';
import { type TransportMaker, TransportSubject } from './transport-subject.ts';
import { transportSummaryTests } from './transport-summary.ts';

/** What {@link testTransport} is given. */
export interface TransportSuite extends TestRunner, TransportMaker {}

const themes: Themes<TransportSubject> = {
  statuses: transportStatusTests,
  faults: transportFaultTests,
  framing: transportFramingTests,
  connections: transportConnectionTests,
  signal: transportSignalTests,
  bytes: transportByteTests,
  signatures: transportSignatureTests,
  'response summary': transportSummaryTests,
  close: transportCloseTests,
};

/**
 * Registers the tests that every transport over HTTP has to pass. Receivers listen on this machine only; the tests about
 * limits wait for some tenths of a second.
 *
 * @example
 * testTransport({
 *   test,
 *   describe,
 *   create: async () => new HttpTransport({ allowedNetworks: ['loopback'] }),
 * });
 */
export function testTransport({ test, describe, ...maker }: TransportSuite): void {
  register({ test, describe }, themes, async (body) => {
    const subject = new TransportSubject(maker);
    try {
      await body(subject);
    } finally {
      await subject.close();
    }
  });
}
