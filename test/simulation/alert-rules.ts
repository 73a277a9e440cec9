export interface SentAlert {
  readonly id: string;
  readonly at: number;
}

interface AlertPolicy {
  readonly after: number;
  readonly resendEvery: number;
}

/** Clocks that follow the storage's are some answers' time behind. */
const toleranceMs = 1_000;

/** What the relay took that breaks the rules: too early, too often, or out of order. The recovery mails are others. */
export function wrongAlerts(
  alerts: readonly SentAlert[],
  policies: ReadonlyMap<string, AlertPolicy>,
): readonly string[] {
  const series = Map.groupBy(
    alerts.flatMap((alert) => {
      const [, recipientId = '', since = '', number = ''] = /^(.+)\.(\d+)\.(\d+)$/.exec(alert.id) ?? [];
      return recipientId === '' ? [] : [{ ...alert, recipientId, since: Number(since), number: Number(number) }];
    }),
    ({ recipientId, since }) => `${recipientId} ${since}`,
  );
  return [...series.values()].flatMap((sent) => {
    // One that could not be recorded is sent again under its id.
    const different = sent.filter(({ id }, index) => sent.findIndex((other) => other.id === id) === index);
    return different.flatMap(({ id, recipientId, since, number, at }, index) => {
      const { after, resendEvery } = policies.get(recipientId) as AlertPolicy;
      const before = different[index - 1];
      const earliest = before === undefined ? since + after : before.at + resendEvery;
      return number === index && at >= earliest - toleranceMs ? [] : [`an alert at the wrong time: ${id}`];
    });
  });
}
