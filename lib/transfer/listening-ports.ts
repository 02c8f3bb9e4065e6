import { EventEmitter, once } from 'node:events';
import { isIPv4 } from 'node:net';
import { settledOrAborted } from '../abort';

/** Of ports that have come back, so many are remembered: more than a quarter of those that Linux gives to servers, and those of hours in most houses. */
const maxReturned = 2000;

/** The ports that the servers of one process listen on: none of them is another program's, and each comes back. */
export class ListeningPorts {
  /** For each port the addresses that somebody listens on; empty: all. */
  readonly #addresses = new Map<number, readonly string[]>();
  /** The last that have come back, the oldest first. */
  readonly #returned = new Set<number>();
  readonly #returns = new EventEmitter().setMaxListeners(0);

  /** Whether somebody listens on the port in a way that keeps others from this address. */
  has(port: number, address: string): boolean {
    return (this.#addresses.get(port) ?? []).some((other) => overlap(other, address));
  }

  /** Whether it is one of the last that have come back: a device that comes late may still ask for what was served there. */
  wasJustReturned(port: number): boolean {
    return this.#returned.has(port);
  }

  /** Somebody listens there, or tries to, until the returned function is called. */
  add(port: number, address: string): () => void {
    this.#addresses.set(port, [...(this.#addresses.get(port) ?? []), address]);
    return () => {
      const left = [...(this.#addresses.get(port) ?? [])];
      left.splice(left.indexOf(address), 1);
      if (left.length > 0) this.#addresses.set(port, left);
      else this.#addresses.delete(port);
      this.#noteReturn(port);
      this.#returns.emit('return');
    };
  }

  /** Resolves when a port has come back, or when the signal is aborted. */
  async returned(signal: AbortSignal): Promise<void> {
    const stop = new AbortController();
    try {
      await settledOrAborted(signal, once(this.#returns, 'return', { signal: stop.signal }));
    } finally {
      stop.abort();
    }
  }

  #noteReturn(port: number): void {
    this.#returned.delete(port);
    this.#returned.add(port);
    const [oldest] = this.#returned;
    if (this.#returned.size > maxReturned && oldest !== undefined) this.#returned.delete(oldest);
  }
}

/** Whether two cannot listen on one port at once. */
function overlap(one: string, other: string): boolean {
  if (one === other) return true;
  const isAll = (address: string) => address === '' || address === '::';
  if (isAll(one) || isAll(other)) return true;
  return (one === '0.0.0.0' && isIPv4(other)) || (other === '0.0.0.0' && isIPv4(one));
}
