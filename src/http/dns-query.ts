import type { LookupAddress } from 'node:dns';
import { Resolver } from 'node:dns/promises';
import { systemClock } from '../core/clock.ts';
import { codedError, errorCode } from './coded-error.ts';

export interface DnsSettings {
  /** `address` or `address:port`. Default: those of the system, as they are set now. */
  readonly servers?: readonly string[] | undefined;
  /** How long a server has for its first answer, ms; for the second try twice as long. */
  readonly timeoutMs: number;
  /** How long all of it may take, ms. */
  readonly limitMs: number;
  /** How long one family of addresses waits for the other once it is known itself, ms. */
  readonly graceMs: number;
}

export const dnsSettings: DnsSettings = { timeoutMs: 1_000, limitMs: 4_000, graceMs: 300 };

/** What a server answers that cannot answer: another may. */
const unable: readonly string[] = ['ESERVFAIL', 'EREFUSED', 'ENOTIMP', 'EFORMERR', 'EBADRESP'];

/**
 * Asks the DNS for the addresses of a name, IPv6 and IPv4 at once, without a thread and without a memory. IPv6 comes
 * first: without a way to it that fails at once, and the last address tried has all the time there is. Rejects with
 * `ENOTFOUND` and `ENODATA` when the name or an address does not exist, with `ETIMEOUT` when no server has answered, and
 * otherwise with the code of what the servers answered.
 */
export async function queryDns(
  hostname: string,
  settings: DnsSettings,
  signal: AbortSignal,
): Promise<readonly LookupAddress[]> {
  const ended = new AbortController();
  const end = (): void => ended.abort();
  const cancelTimers = [systemClock.setTimer(settings.limitMs, end)];
  signal.addEventListener('abort', end);
  if (signal.aborted) end();
  const query = async (family: 4 | 6): Promise<LookupAddress[]> => {
    const addresses = await ask(hostname, family, settings, ended.signal);
    if (addresses.length > 0) cancelTimers.push(systemClock.setTimer(settings.graceMs, end));
    return addresses.map((address) => ({ address, family }));
  };
  const answers = await Promise.allSettled([query(6), query(4)]);
  for (const cancel of cancelTimers) cancel();
  signal.removeEventListener('abort', end);
  const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  if (found.length > 0) return found;
  // Other names without an address are an answer, too.
  const codes = answers.map((answer) => (answer.status === 'rejected' ? errorCode(answer.reason) : 'ENODATA'));
  throw codedError(weightiest(codes));
}

async function ask(
  hostname: string,
  family: 4 | 6,
  { servers, timeoutMs, ...settings }: DnsSettings,
  ended: AbortSignal,
): Promise<readonly string[]> {
  // One for each question: it knows the servers of this moment, can be ended alone, and remembers nothing.
  const resolver = new Resolver({ timeout: timeoutMs, tries: 2 });
  if (servers !== undefined) resolver.setServers(servers);
  const cancel = (): void => resolver.cancel();
  ended.addEventListener('abort', cancel);
  try {
    if (ended.aborted) throw codedError('ECANCELLED');
    return await (family === 4 ? resolver.resolve4(hostname) : resolver.resolve6(hostname));
  } catch (error) {
    const [, ...others] = resolver.getServers();
    if (others.length === 0 || !unable.includes(errorCode(error))) throw error;
    return ask(hostname, family, { ...settings, servers: others, timeoutMs }, ended);
  } finally {
    ended.removeEventListener('abort', cancel);
  }
}

/** Of what the two families failed with, the code that says most about the name. */
function weightiest(codes: readonly string[]): string {
  if (codes.includes('ENOTFOUND')) return 'ENOTFOUND';
  const [trouble] = codes.filter((code) => code !== 'ENODATA');
  if (trouble === undefined) return 'ENODATA';
  if (trouble === 'ECANCELLED') return 'ETIMEOUT';
  // What is left is about the way to the servers; a refused connection, say, is not the receiver's.
  return [...unable, 'ETIMEOUT', 'EBADNAME'].includes(trouble) ? trouble : 'DNS_UNREACHABLE';
}
