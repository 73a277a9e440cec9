export { HttpTransport, type HttpTransportOptions } from './http/http-transport.ts';
export type { AllowedNetworks } from './http/network-rules.ts';
