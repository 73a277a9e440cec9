import type { SMTPConnectionOptions } from 'nodemailer';

/** A logger for nodemailer that calls back for each command, before it is sent: with the command, but for its secrets. */
export function commandLog(onCommand: (command: string) => void): SMTPConnectionOptions['logger'] {
  const ignore = (): void => {};
  const debug = (entry: { readonly tnx?: unknown }, command: string): void => {
    if (entry.tnx === 'client') onCommand(command);
  };
  return { level: ignore, trace: ignore, debug, info: ignore, warn: ignore, error: ignore, fatal: ignore };
}
