import { type Clock, wallTime } from '../core/clock.ts';
import type { RelayStatus, Tell } from '../core/lifecycle.ts';
import type { Relay, RelayAnswer } from '../core/transport.ts';

/** How often a relay that is in trouble is tried while no mail is. */
const probeEveryMs = 60_000;

/**
 * The relay's current status (seed: "Current Status"): from a probe at the start, from every mail since, and from further
 * probes for as long as it is not `OK`.
 */
export class RelayWatch {
  readonly #relay: Relay | null;
  readonly #clock: Clock;
  readonly #tell: Tell;
  readonly #stopping = new AbortController();
  #status: string;
  #since: number | null = null;
  #cancelProbe = (): void => {};

  constructor(relay: Relay | null, clock: Clock, tell: Tell) {
    this.#relay = relay;
    this.#clock = clock;
    this.#tell = tell;
    this.#status = relay === null ? 'no relay is configured' : 'not tried yet';
  }

  get status(): RelayStatus {
    return { status: this.#status, since: this.#since === null ? null : wallTime(this.#clock, this.#since) };
  }

  start(): void {
    void this.#probe();
  }

  stop(): void {
    this.#stopping.abort();
    this.#cancelProbe();
  }

  /** What talking to the relay has shown. */
  answered(answer: RelayAnswer): void {
    if (this.#relay === null || this.#stopping.signal.aborted) return;
    if (answer !== this.#status) {
      this.#status = answer;
      this.#since = this.#clock.steady();
      this.#tell('relay:status', this.status);
    }
    this.#cancelProbe();
    if (answer !== 'OK') this.#cancelProbe = this.#clock.setTimer(probeEveryMs, () => void this.#probe());
  }

  async #probe(): Promise<void> {
    if (this.#relay === null) return;
    try {
      this.answered(await this.#relay.probe({ signal: this.#stopping.signal }));
    } catch {
      this.answered('the probe of the relay failed');
    }
  }
}
