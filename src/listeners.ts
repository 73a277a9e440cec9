import { EventEmitter } from 'eventemitter3';
import { refuse } from './core/check.ts';
import { OutboundEventsError } from './core/errors.ts';
import { type LifecycleEvents, lifecycleEventNames, type Tell } from './core/lifecycle.ts';

/** A function that is told of a lifecycle event. */
export type Listener<Name extends keyof LifecycleEvents> = (payload: LifecycleEvents[Name]) => void;

type AnyListener = (payload: never) => unknown;
type Wrapped = (...payload: unknown[]) => void;

/** Who listens, and the one way to tell them: a listener that throws or rejects never comes back into our loops. */
export class Listeners {
  readonly #emitter = new EventEmitter();
  /** The emitter would stop at the first listener that throws, so it gets each one wrapped. */
  readonly #wrapped = new WeakMap<AnyListener, Map<keyof LifecycleEvents, Wrapped>>();

  on<Name extends keyof LifecycleEvents>(name: Name, listener: Listener<Name>): void {
    this.#emitter.on(name, this.#wrap(name, listener));
  }

  once<Name extends keyof LifecycleEvents>(name: Name, listener: Listener<Name>): void {
    this.#emitter.once(name, this.#wrap(name, listener));
  }

  off<Name extends keyof LifecycleEvents>(name: Name, listener: Listener<Name>): void {
    this.#emitter.off(name, this.#wrap(name, listener));
  }

  readonly tell: Tell = (name, payload) => {
    const heard = this.#emitter.emit(name, payload);
    if (!heard && name === 'error') warn(payload as OutboundEventsError);
  };

  #wrap(name: keyof LifecycleEvents, listener: AnyListener): Wrapped {
    if (!lifecycleEventNames.includes(name)) {
      refuse('ERR_CONFIG_VALUE', 'name', lifecycleEventNames.map((known) => `"${known}"`).join(' or '), name);
    }
    if (typeof listener !== 'function') refuse('ERR_CONFIG_VALUE', 'listener', 'a function', listener);
    const ofListener = this.#wrapped.get(listener) ?? new Map<keyof LifecycleEvents, Wrapped>();
    this.#wrapped.set(listener, ofListener);
    const wrapped = ofListener.get(name) ?? this.#guarded(name, listener);
    ofListener.set(name, wrapped);
    return wrapped;
  }

  #guarded(name: keyof LifecycleEvents, listener: AnyListener): Wrapped {
    return (payload) => {
      try {
        const result: unknown = listener(payload as never);
        if (result instanceof Promise) result.catch((error: unknown) => this.#listenerFailed(name, error));
      } catch (error) {
        this.#listenerFailed(name, error);
      }
    };
  }

  #listenerFailed(name: keyof LifecycleEvents, cause: unknown): void {
    const error = new OutboundEventsError('ERR_LISTENER', `a listener of "${name}" threw; deliveries go on`, { cause });
    // A listener of errors that throws itself would be told of its own error for ever.
    if (name === 'error') warn(error);
    else this.tell('error', error);
  }
}

function warn({ message, code, cause }: OutboundEventsError): void {
  const detail = cause instanceof Error ? cause.stack : undefined;
  process.emitWarning(message, { type: 'OutboundEventsWarning', code, ...(detail !== undefined && { detail }) });
}
