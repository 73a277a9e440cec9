import type { StandardSchema } from './standard-schema.ts';

/** The kinds of recipient an event type can be sent to. */
export type Channel = 'http' | 'email';

/** The texts of an event's mail where a recipient gives none (handlebars). */
export interface DefaultMail {
  readonly subject: string;
  readonly text: string;
}

/** What is known about an event type besides the shape of its data. */
export interface EventMeta<Channels extends Channel = Channel> {
  /** For people. Default: the type's name. */
  readonly label?: string | undefined;
  readonly description?: string | undefined;
  /**
   * The variables its data can hold, each with its meaning: the macros of its mails. Without it macros are not checked
   * when a template is given.
   */
  readonly variables?: Readonly<Record<string, string>> | undefined;
  /** Default: both. */
  readonly channels?: readonly Channels[] | undefined;
  /** Version of the shape of its data, sent with every message. Default: `1`. */
  readonly version?: string | undefined;
  /** Default: subject the label, text a list of the variables. */
  readonly mail?: DefaultMail | undefined;
}

export const metaKey: unique symbol = Symbol.for('outbound-events.event');

/** One entry of a catalog: a Standard Schema for the data, and what is known about the type. */
export interface EventDefinition<Input = unknown, Output = Input, Channels extends Channel = Channel>
  extends StandardSchema<Input, Output> {
  readonly [metaKey]: EventMeta<Channels>;
}

/** Event types by name. A schema of zod, valibot or arktype is an entry as it stands. */
export type EventCatalog = Readonly<Record<string, StandardSchema>>;
