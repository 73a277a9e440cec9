/** A bug that somebody could make: a text of a source file that becomes another, and the tests that have to notice. */
export interface PlantedBug {
  readonly name: string;
  readonly file: string;
  readonly sound: string;
  readonly broken: string;
  /** Files or folders, of those that `npm test` runs. */
  readonly tests: readonly string[];
}

export const plantedBugs: readonly PlantedBug[] = [
  {
    name: 'a commit is not flushed to the disk',
    file: 'src/sqlite/open-database.ts',
    sound: 'PRAGMA synchronous = FULL;',
    broken: 'PRAGMA synchronous = NORMAL;',
    tests: ['test/sqlite/flush.test.ts', 'test/sqlite/power-cut.test.ts'],
  },
  {
    name: 'redirections are followed',
    file: 'src/http/got-exchange.ts',
    sound: 'followRedirect: false,',
    broken: 'followRedirect: true,',
    tests: ['test/http/http-answer.test.ts'],
  },
  {
    name: 'an event is acknowledged before it is stored',
    file: 'src/dispatch/inbox.ts',
    sound:
      'const result = await (transaction === undefined ? this.#appends.add(entry) : this.#join(entry, transaction));',
    broken: `
      if (transaction === undefined) this.#appends.add(entry).catch(() => {});
      const result: AppendResult = transaction === undefined
        ? { status: 'stored', recipientIds: entry.recipientIds }
        : await this.#join(entry, transaction);`,
    tests: ['test/reliability/kill.test.ts', 'test/dispatch'],
  },
  {
    name: 'deliveries are dropped by the wall clock',
    file: 'src/dispatch/queue-runner.ts',
    sound: 'const now = this.#context.clock.steady();',
    broken: 'const now = this.#context.clock.now();',
    tests: ['test/dispatch'],
  },
  {
    name: 'a restart forgets the attempts that were made',
    file: 'src/core/queue-state.ts',
    sound: 'head: head && { ...head, since: Math.min(head.since, now) },',
    broken: 'head: null,',
    tests: ['test/core/queue-state.test.ts', 'test/dispatch/restart-and-stop.test.ts'],
  },
  {
    name: 'a lease is known only to the process that has it',
    file: 'src/postgres/queue-functions.ts',
    sound: 'WHERE (steals OR q.holder IS NULL OR',
    broken: 'WHERE (true OR steals OR q.holder IS NULL OR',
    tests: ['test/postgres/postgres-storage.contract.test.ts'],
  },
  {
    name: 'a retry has its fields in another order',
    file: 'src/http/request-body.ts',
    sound: 'stored.data}}',
    broken: 'JSON.stringify(JSON.parse(stored.data))}}',
    tests: ['test/http/request-body.test.ts'],
  },
  {
    name: 'a restart forgets the alerts that were sent',
    file: 'src/core/queue-state.ts',
    sound: 'lastAlertAt: failing.lastAlertAt === null',
    broken: 'alerts: 0,\n      lastAlertAt: failing.lastAlertAt === null',
    tests: ['test/core/queue-state.test.ts', 'test/dispatch/alerts.test.ts'],
  },
  {
    name: 'who has lost a lease may still write',
    file: 'src/sqlite/leases.ts',
    sound: 'return this.#current.get(recipient)?.fence === fence;',
    broken: 'return fence > 0 && this.#current.get(recipient) !== undefined;',
    tests: ['test/sqlite/sqlite-storage.contract.test.ts'],
  },
  {
    name: 'a timer of 25 days fires at once',
    file: 'src/core/clock.ts',
    sound: 'const stepMs = Math.min(remainingMs, longestStepMs);',
    broken: 'const stepMs = Math.min(remainingMs, longestStepMs * 2);',
    tests: ['test/core/clock.test.ts'],
  },
  {
    name: 'a mail is delivered when the relay has taken it for some of its addresses',
    file: 'src/email/judge-addresses.ts',
    sound: 'if (addressesLeft(to, progress).length > 0) return null;',
    broken: 'if (!isServed(to, progress) && addressesLeft(to, progress).length > 0) return null;',
    tests: ['test/email/judge-addresses.test.ts', 'test/email/relay-answers.test.ts'],
  },
  {
    name: 'an error tells the whole URL',
    file: 'src/http/client-transport.ts',
    sound: 'judgeExchange(result, recipient, request.target.host, attempt.at);',
    broken: 'judgeExchange(result, recipient, recipient.url, attempt.at);',
    tests: ['test/http/http-secrets.test.ts'],
  },
];
