/** What a contestant is given. */
export interface Setup {
  /** Of the receiver. */
  readonly url: string;
  /** What requests are made with. */
  readonly client: Client;
  /** Events are for one of them each, and each wants its own in order. */
  readonly recipients: number;
  /** Where it may keep what it is given, empty and its own: a folder, or the URL of a PostgreSQL database or of a Redis. */
  readonly storage: string;
  /** What is sent, as a form. */
  readonly data: Readonly<Record<string, string>>;
  /** How many requests may be under way at a time. */
  readonly concurrency: number;
  /** Of the contestant's own, for one that can be set up in several ways. */
  readonly settings: object;
}

export type Client = 'got' | 'undici';

/** Something that takes events and sends them, as a host would use it. */
export interface Contestant {
  /** Resolves when an event for a recipient is stored as durably as it gets. */
  emit(recipient: number): Promise<void>;
  /** Begins to deliver, and tells of each success, once it is recorded if it can be known. */
  start(delivered: () => void): Promise<void>;
  stop(): Promise<void>;
}

/** An export of a contestant's module. */
export type Enter = (setup: Setup) => Promise<Contestant>;
