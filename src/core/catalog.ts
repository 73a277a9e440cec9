import { checkLine, checkObject, isRecord, partOf, refuse } from './check.ts';
import { OutboundEventsError } from './errors.ts';
import { standardVariables } from './message.ts';
import type { StandardSchema } from './standard-schema.ts';

/** The kinds of recipient an event type can be sent to. */
export type Channel = 'http' | 'email';

/** The texts of an event's mail where a recipient gives none (handlebars). */
export interface DefaultMail {
  readonly subject: string;
  readonly text: string;
}

/** What can be said about an event type besides the shape of its data. */
export interface EventOptions<Channels extends Channel = Channel> {
  /** For people. Default: the type's name. */
  readonly label?: string | undefined;
  /** Default: empty. */
  readonly description?: string | undefined;
  /**
   * The variables its data can hold, each with its meaning: the macros of its mails. Without it any macro is allowed,
   * as nothing is known about the data at run time.
   */
  readonly variables?: Readonly<Record<string, string>> | undefined;
  /** Default: both. */
  readonly channels?: readonly Channels[] | undefined;
  /** Version of the shape of its data, sent with every message; raise it when the shape changes. Default: `1`. */
  readonly version?: string | undefined;
  /** Default: the label as subject, and a text that lists the variables. */
  readonly mail?: DefaultMail | undefined;
}

const optionsKey: unique symbol = Symbol.for('outbound-events.event');

/** One entry of a catalog: a Standard Schema for the data, and what is said about the type. */
export interface EventDefinition<Input = unknown, Output = Input, Channels extends Channel = Channel>
  extends StandardSchema<Input, Output> {
  readonly [optionsKey]: EventOptions<Channels>;
}

/** Event types by name. A schema of zod, valibot or arktype is an entry as it stands. */
// biome-ignore lint/suspicious/noExplicitAny: each entry has its own input and output; no other type takes them all
export type EventCatalog = Readonly<Record<string, StandardSchema<any, any>>>;

/**
 * An event type of a catalog: `event<T>()` for data that is typed but not checked at run time, `event(schema)` with any
 * Standard Schema for data that is both.
 *
 * @example
 * defineEvents({
 *   'order.paid': event<{ orderId: string; amount: number }>({ label: 'Order paid' }),
 *   'order.sent': event(z.object({ orderId: z.string() }), { channels: ['http'] }),
 * })
 */
export function event<Data extends object, const Channels extends Channel = Channel>(
  options?: EventOptions<Channels>,
): EventDefinition<Data, Data, Channels>;
export function event<Input, Output, const Channels extends Channel = Channel>(
  schema: StandardSchema<Input, Output>,
  options?: EventOptions<Channels>,
): EventDefinition<Input, Output, Channels>;
export function event(first: StandardSchema | EventOptions = {}, second: EventOptions = {}): EventDefinition {
  const [schema, options] = isSchema(first) ? [first, second] : [uncheckedSchema, first];
  checkEventOptions(options);
  return Object.freeze({ '~standard': schema['~standard'], [optionsKey]: Object.freeze({ ...options }) });
}

const uncheckedSchema: StandardSchema = {
  '~standard': { version: 1, vendor: 'outbound-events', validate: (value) => ({ value }) },
};

/** Schemas are objects to some libraries, functions to others. */
function isSchema(value: unknown): value is StandardSchema {
  return typeof (value as Partial<StandardSchema> | null | undefined)?.['~standard']?.validate === 'function';
}

function checkEventOptions(options: unknown): void {
  const keys = ['label', 'description', 'variables', 'channels', 'version', 'mail'];
  const { label, description, variables, channels, version, mail } = checkObject(options, '', keys);
  if (label !== undefined) checkLine(label, 'label', 200);
  if (version !== undefined) checkLine(version, 'version', 64);
  if (description !== undefined) checkText(description, 'description');
  if (variables !== undefined) checkVariables(variables);
  if (channels !== undefined && !isListOfChannels(channels)) {
    refuse('ERR_CONFIG_VALUE', 'channels', 'a list of "http" and "email"', channels);
  }
  if (mail !== undefined) {
    const { subject, text } = checkObject(mail, 'mail', ['subject', 'text']);
    checkText(subject, 'mail.subject');
    checkText(text, 'mail.text');
  }
}

/** What a template takes for something else than the variable of this name. */
const wordsOfTemplates = [
  ...['recipient', 'if', 'unless', 'each', 'with', 'else', 'as', 'this'],
  ...['true', 'false', 'null', 'undefined'],
];

function checkVariables(variables: unknown): void {
  if (!isRecord(variables)) {
    refuse('ERR_CONFIG_VALUE', 'variables', 'an object of names and their meanings', variables);
  }
  for (const [name, meaning] of Object.entries(variables)) {
    const field = partOf('variables', name);
    checkText(meaning, field);
    if ((standardVariables as readonly string[]).includes(name)) {
      throw badCatalog(field, `every message carries ${standardVariables.join(', ')} already`);
    }
    if (!/^[A-Za-z_][\w-]*$/.test(name) || wordsOfTemplates.includes(name)) {
      throw badCatalog(
        field,
        'a variable is letters, digits, _ and -, and none of the words that mean something in a mail',
      );
    }
  }
}

function isListOfChannels(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every((item) => item === 'http' || item === 'email');
}

function checkText(value: unknown, field: string): void {
  if (typeof value !== 'string') refuse('ERR_CONFIG_VALUE', field, 'text', value);
}

/**
 * A catalog of the host's own event types, for `new OutboundEvents({ events })`. Throws `ERR_CONFIG_EVENTS` for a name or
 * an entry that cannot work.
 */
export function defineEvents<const Catalog extends EventCatalog>(catalog: Catalog): Catalog {
  if (!isRecord(catalog) || Object.keys(catalog).length === 0) {
    return refuse('ERR_CONFIG_EVENTS', 'events', 'an object of at least one event type, made with event()', catalog);
  }
  for (const [type, definition] of Object.entries(catalog)) {
    const field = partOf('events', type);
    if (!/^[A-Za-z0-9_.:-]{1,128}$/.test(type)) {
      throw badCatalog(field, 'an event type is 1 to 128 characters of A-Z a-z 0-9 _ . : -');
    }
    if (!isSchema(definition)) {
      throw badCatalog(field, 'an event type is made with event(), or is a Standard Schema');
    }
  }
  return Object.freeze({ ...catalog });
}

function badCatalog(field: string, rule: string): OutboundEventsError {
  return new OutboundEventsError('ERR_CONFIG_EVENTS', `${field} cannot be used: ${rule}`, { field });
}

/** What is known about an event type, with every default filled in. */
export interface EventMeta {
  readonly type: string;
  readonly label: string;
  readonly description: string;
  /** `null` when the catalog does not say. */
  readonly variables: Readonly<Record<string, string>> | null;
  readonly channels: readonly Channel[];
  readonly version: string;
  readonly mail: DefaultMail;
}

/** What the catalog says about one of its types. */
export function eventMeta(catalog: EventCatalog, type: string): EventMeta {
  const definition = catalog[type] as Partial<EventDefinition> | undefined;
  const options = definition?.[optionsKey] ?? {};
  const label = options.label ?? type;
  return {
    type,
    label,
    description: options.description ?? '',
    variables: options.variables ?? null,
    channels: options.channels ?? ['http', 'email'],
    version: options.version ?? '1',
    mail: options.mail ?? { subject: label, text: listOfVariables(label, Object.keys(options.variables ?? {})) },
  };
}

function listOfVariables(label: string, variables: readonly string[]): string {
  const lines = variables.map((name) => `${name}: {{${name}}}\n`);
  return `${label}\n\n${lines.join('')}`;
}

/** Names of the catalog's types that can be sent over a channel, in the catalog's order. */
export function typesFor(catalog: EventCatalog, channel: Channel): readonly string[] {
  return Object.keys(catalog).filter((type) => eventMeta(catalog, type).channels.includes(channel));
}

/** A type of the catalog. */
export type EventType<Catalog extends EventCatalog> = keyof Catalog & string;

/** What `emit` takes for a type: the schema's input. */
export type EventData<Catalog extends EventCatalog, Type extends EventType<Catalog>> =
  Catalog[Type] extends StandardSchema<infer Input, unknown> ? Input : never;

/** The types of a catalog that can be sent over a channel. */
export type EventTypeFor<Catalog extends EventCatalog, Over extends Channel> = {
  [Type in EventType<Catalog>]: Catalog[Type] extends EventDefinition<infer _In, infer _Out, infer Channels>
    ? Over extends Channels
      ? Type
      : never
    : Type;
}[EventType<Catalog>];
