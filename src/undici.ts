export type { AllowedNetworks } from './core/network-rules.ts';
export type { HttpTransportOptions } from './http/client-transport.ts';
export { UndiciTransport } from './http/undici-transport.ts';
