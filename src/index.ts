import { assertNodeVersion } from './core/node-version.ts';

assertNodeVersion(process.versions.node);

export type { EmitOptions } from './core/accept.ts';
export type { AlertAbout } from './core/alert.ts';
export type { AttemptError, AttemptErrorCode, RefusedAddress, ResponseSummary } from './core/attempt.ts';
export type {
  Channel,
  DefaultMail,
  EventCatalog,
  EventData,
  EventDefinition,
  EventMeta,
  EventOptions,
  EventType,
  EventTypeFor,
} from './core/catalog.ts';
export { defineEvents, event } from './core/catalog.ts';
export { type Clock, systemClock } from './core/clock.ts';
export type { Duration } from './core/duration.ts';
export { type ErrorCode, isOutboundEventsError, OutboundEventsError } from './core/errors.ts';
export type { QueuedDelivery, StoredEvent } from './core/event.ts';
export type { Json } from './core/json.ts';
export type { DeliveryRef, LifecycleEvents, RelayStatus } from './core/lifecycle.ts';
export type { Macro } from './core/macros.ts';
export type { OutboundEventsOptions, TransportsInput } from './core/options.ts';
export type { EventPattern } from './core/pattern.ts';
export type { AttemptedHead, Failing, OwedRecovery, QueueState } from './core/queue-state.ts';
export type {
  AlertPolicy,
  BodyFormat,
  EmailRecipient,
  EmailTemplate,
  HttpRecipient,
  Recipient,
  RejectionPolicy,
  RetryPolicy,
  TlsSettings,
  TlsVersion,
} from './core/recipient.ts';
export type {
  AlertsInput,
  EmailRecipientInput,
  HttpRecipientInput,
  RecipientChanges,
  RejectionInput,
  RetryInput,
  TlsInput,
} from './core/recipient-input.ts';
export { createSecretKey, type SecretKey } from './core/seal.ts';
export { createSigningKeyPair, createSigningSecret, type SigningKeyPair } from './core/signing-secrets.ts';
export type { SmtpInput, SmtpSettings } from './core/smtp-settings.ts';
export type { SchemaIssue, SchemaResult, StandardSchema } from './core/standard-schema.ts';
export type { RecipientStatus, Status } from './core/status.ts';
export type {
  AppendOptions,
  AppendResult,
  ClaimRequest,
  DroppedDelivery,
  DroppedQuery,
  DropReason,
  Lease,
  LeaseRef,
  LeaseTimes,
  NewEntry,
  QueueStats,
  QueueStorage,
  RecipientRecord,
  Settlement,
  StorageLimits,
} from './core/storage.ts';
export type {
  MemberVariables,
  OwnerVariables,
  PersonVariables,
  SessionVariables,
  SurveyVariables,
} from './core/support-session.ts';
export { supportSessionEvents } from './core/support-session.ts';
export type { AlertMail, Attempt, Relay, RelayAnswer, SendResult, Transport } from './core/transport.ts';
export type { Emitted } from './dispatch/inbox.ts';
export type { Listener } from './listeners.ts';
export { MemoryStorage } from './memory/memory-storage.ts';
export { type EventTypeInfo, OutboundEvents } from './outbound-events.ts';
