// The appliance of the quickstart: a host application, and all it needs to write to have outbound events.
// ../quickstart.ts starts it as a process of its own, kills it, and starts it again.

import { type LifecycleEvents, OutboundEvents, type Status, supportSessionEvents } from 'outbound-events';

const [file = '', crmUrl = '', smtpPort = ''] = process.argv.slice(2);

const outbound = new OutboundEvents({
  events: supportSessionEvents,
  storage: file, // SQLite
  smtp: { host: '127.0.0.1', port: Number(smtpPort), from: 'appliance@example.com' },
  allowedNetworks: ['loopback'], // the CRM is on this machine; the default is 'public'
});

outbound.on('delivered', (delivery) => report('delivered', delivery));
outbound.on('retrying', (attempt) => report('retrying', attempt));
outbound.on('alert:sent', (alert) => report('alert:sent', alert));
outbound.on('recipient:recovered', (recovery) => report('recipient:recovered', recovery));

// Declared at every start: a recipient that is known already gets these settings and keeps its queue.
await outbound.addHttpRecipient({
  id: 'crm',
  name: 'CRM',
  url: crmUrl,
  events: '*',
  // Short, so that you need not wait. The defaults are 1 minute, 15 minutes and 4 hours.
  retry: { interval: '0.5s', duration: '3d' },
  alerts: { to: 'ops@example.com', after: '1.3s', resendEvery: '1h', recovered: true },
});

await outbound.addEmailRecipient({
  id: 'managers',
  name: 'Managers',
  to: 'lead@example.com, quality@example.com',
  events: {
    support_conference_end: {
      subject: 'Ticket {{external_key}}: {{conference_name}} session ended',
      text: 'Session {{lsid}} has ended.\n',
    },
    // The texts of the catalog.
    support_conference_customer_exit_survey_completed: true,
    support_conference_rep_exit_survey_completed: true,
  },
});

await outbound.start();

const session = {
  lsid: '4f1d0a7be2c94d0c8a65d3b1f7e92c08',
  external_key: 'T-4711',
  conference_name: 'Network Support',
  conference_id: '12',
};
const ada = { type: 'customer', name: 'Ada Lovelace', display_name: 'Ada' } as const;
const grace = { type: 'representative', name: 'Grace Hopper', display_name: 'Grace', user_id: '7' } as const;

const emit: typeof outbound.emit = async (type, data) => {
  const emitted = await outbound.emit(type, data);
  // From here on the event is on the disk, whatever happens to this process.
  report('stored', { id: emitted.id, type, recipients: emitted.deliveries.map(({ recipientId }) => recipientId) });
  return emitted;
};

/** What ../quickstart.ts can ask for. */
const requests = {
  async beginSession() {
    await emit('support_conference_begin', session);
    await emit('support_conference_member_added', { ...session, ...ada });
    await emit('support_conference_member_added', { ...session, ...grace });
  },
  async changeOwner() {
    await emit('support_conference_owner_changed', { ...session, name: grace.name, user_id: grace.user_id });
  },
  async endSession() {
    await emit('support_conference_member_departed', { ...session, ...grace });
    await emit('support_conference_member_departed', { ...session, ...ada });
    await emit('support_conference_end', session);
    await emit('support_conference_customer_exit_survey_completed', { ...session, display_name: ada.display_name });
    await emit('support_conference_rep_exit_survey_completed', { ...session, display_name: grace.display_name });
  },
  async tellStatus() {
    report('status', await outbound.status());
  },
};

process.on('message', (request: Request) => void requests[request]());

// When it has stopped, nothing of it keeps the process from ending.
process.once('disconnect', () => void outbound.stop());

function report<Name extends keyof Reports>(name: Name, payload: Reports[Name]): void {
  process.send?.({ name, payload });
}

export type Request = keyof typeof requests;

export interface Reports
  extends Pick<LifecycleEvents, 'delivered' | 'retrying' | 'alert:sent' | 'recipient:recovered'> {
  readonly stored: { readonly id: string; readonly type: string; readonly recipients: readonly string[] };
  readonly status: Status;
}

export type Report = {
  [Name in keyof Reports]: { readonly name: Name; readonly payload: Reports[Name] };
}[keyof Reports];
