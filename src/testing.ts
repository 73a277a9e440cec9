export { type AttemptFields, attemptAt, emailRecipient, httpRecipient, storedEvent } from './testing/builders.ts';
export { ManualClock } from './testing/manual-clock.ts';
export { type RecordedMail, RecordingRelay } from './testing/recording-relay.ts';
export {
  type Answer,
  type RecordedAttempt,
  ScriptedTransport,
  type ScriptedTransportOptions,
} from './testing/scripted-transport.ts';
export { delivered, failed, rejected } from './testing/send-results.ts';
export type { StorageUnderTest } from './testing/storage-subject.ts';
export { type QueueStorageSuite, testQueueStorage } from './testing/test-queue-storage.ts';
export type { TestRunner } from './testing/test-runner.ts';
export { type TransportSuite, testTransport } from './testing/test-transport.ts';
export type { RecipientSettings, TransportMaker } from './testing/transport-subject.ts';
export { type LifecycleSource, type WaitOptions, waitFor } from './testing/wait-for.ts';
