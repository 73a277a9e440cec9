import { maxConnections } from './guarded-agents.ts';
import type { UndiciConnection } from './undici-connection.ts';

/** The connections with one receiver that are kept. */
export class UndiciPool {
  readonly #make: () => UndiciConnection;
  readonly #emptied: () => void;
  readonly #all = new Set<UndiciConnection>();
  /** The one used last at the end. */
  readonly #idle: UndiciConnection[] = [];
  readonly #waiting = new Set<(connection: UndiciConnection) => void>();
  #isRetired = false;

  /** @param emptied is told when no connection is left: the pool may then be forgotten. */
  constructor(make: () => UndiciConnection, emptied: () => void) {
    this.#make = make;
    this.#emptied = emptied;
  }

  /** An idle connection, or a new one; where there are too many, one that somebody gives back. `null` when `stop` aborts first. */
  take(stop: AbortSignal): Promise<UndiciConnection | null> | UndiciConnection {
    const idle = this.#idle.pop();
    if (idle !== undefined) return idle;
    if (this.#all.size < maxConnections) return this.#add();
    return new Promise((resolve) => {
      const give = (connection: UndiciConnection | null): void => {
        stop.removeEventListener('abort', leave);
        this.#waiting.delete(give);
        resolve(connection);
      };
      const leave = (): void => give(null);
      stop.addEventListener('abort', leave);
      this.#waiting.add(give);
    });
  }

  giveBack(connection: UndiciConnection): void {
    const [next] = this.#waiting;
    if (!connection.isOpen || this.#isRetired) {
      next?.(this.#add());
      this.#remove(connection);
    } else if (next === undefined) this.#idle.push(connection);
    else next(connection);
  }

  /** Closes what is idle, and the rest when it is given back. */
  retire(): void {
    this.#isRetired = true;
    for (const connection of this.#idle.splice(0)) this.#remove(connection);
  }

  /** Closes all, also what is in use. */
  close(): void {
    for (const connection of this.#all) this.#remove(connection);
  }

  #add(): UndiciConnection {
    const connection = this.#make();
    this.#all.add(connection);
    // The other side closed it, or it was idle for too long.
    connection.on('disconnect', () => {
      const place = this.#idle.indexOf(connection);
      if (place === -1) return;
      this.#idle.splice(place, 1);
      this.#remove(connection);
    });
    return connection;
  }

  #remove(connection: UndiciConnection): void {
    this.#all.delete(connection);
    connection.end();
    if (this.#all.size === 0) this.#emptied();
  }
}
