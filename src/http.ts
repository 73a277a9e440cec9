export type { AllowedNetworks } from './core/network-rules.ts';
export { HttpTransport, type HttpTransportOptions } from './http/http-transport.ts';
