export { EmailTransport, type EmailTransportOptions } from './email/email-transport.ts';
export type { SmtpTimeouts } from './email/smtp-timeouts.ts';
