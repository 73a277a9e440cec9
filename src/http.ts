export type { AllowedNetworks } from './core/network-rules.ts';
export type { HttpTransportOptions } from './http/client-transport.ts';
export { HttpTransport } from './http/http-transport.ts';
