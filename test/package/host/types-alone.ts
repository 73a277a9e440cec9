import { OutboundEvents, supportSessionEvents } from 'outbound-events';

export const outbound = new OutboundEvents({ events: supportSessionEvents, storage: 'outbound-events.db' });
