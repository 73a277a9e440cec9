import { type LookupAddress, lookup } from 'node:dns';
import { promisify } from 'node:util';
import { codedError } from './coded-error.ts';
import type { NameLookup } from './name-lookup.ts';

type Find = (hostname: string) => Promise<readonly LookupAddress[]>;

/** One look-up, and how many wait for it. */
interface Call {
  readonly found: PromiseWithResolvers<readonly LookupAddress[]>;
  waiting: number;
}

/**
 * The system's own look-up (`getaddrinfo`), which knows search domains, mDNS and what else the system is set up with, but
 * takes a thread of the few that all of the process share, for as long as the system likes. So only some run at a time, the
 * others line up, and a name is looked up once for all who ask meanwhile.
 */
export class SystemNames {
  readonly #find: Find;
  readonly #atOnce: number;
  readonly #calls = new Map<string, Call>();
  readonly #line: string[] = [];
  #running = 0;

  constructor(find: Find, atOnce: number) {
    this.#find = find;
    this.#atOnce = atOnce;
  }

  readonly lookup: NameLookup = (hostname, signal) => {
    if (signal.aborted) return Promise.reject(codedError('ECANCELLED'));
    const call = this.#calls.get(hostname) ?? this.#lineUp(hostname);
    call.waiting += 1;
    this.#startWhatMay();
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        call.waiting -= 1;
        reject(codedError('ECANCELLED'));
      };
      signal.addEventListener('abort', leave, { once: true });
      call.found.promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
    });
  };

  #lineUp(hostname: string): Call {
    const call = { found: Promise.withResolvers<readonly LookupAddress[]>(), waiting: 0 };
    this.#calls.set(hostname, call);
    this.#line.push(hostname);
    return call;
  }

  #startWhatMay(): void {
    while (this.#running < this.#atOnce) {
      const hostname = this.#line.shift();
      if (hostname === undefined) return;
      const call = this.#calls.get(hostname);
      if (call === undefined || call.waiting === 0) this.#calls.delete(hostname);
      else this.#start(hostname, call);
    }
  }

  #start(hostname: string, { found }: Call): void {
    this.#running += 1;
    const ended = (): void => {
      this.#running -= 1;
      this.#calls.delete(hostname);
      this.#startWhatMay();
    };
    this.#find(hostname).then(found.resolve, found.reject).finally(ended);
  }
}

const lookupAll = promisify(lookup);

/** For the whole process, as its threads are: two of the four that there are, unless it was given others. */
export const systemNames = new SystemNames((hostname) => lookupAll(hostname, { all: true }), 2);
