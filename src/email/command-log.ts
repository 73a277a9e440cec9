import type { SMTPConnectionOptions } from 'nodemailer';

/** A logger for nodemailer that calls back for each command, before it is sent. What it says is not kept. */
export function commandLog(onCommand: () => void): SMTPConnectionOptions['logger'] {
  const ignore = (): void => {};
  const debug = (entry: { readonly tnx?: unknown }): void => {
    if (entry.tnx === 'client') onCommand();
  };
  return { level: ignore, trace: ignore, debug, info: ignore, warn: ignore, error: ignore, fatal: ignore };
}
