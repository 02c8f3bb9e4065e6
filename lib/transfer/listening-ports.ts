import { randomInt } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { isIPv4 } from 'node:net';
import type { Ending } from '../ending';

/** No service has one of them as its own (RFC 6335). */
const firstDynamic = 49_152;
const lastDynamic = 65_535;

/** The ports that the servers of one process listen on: none of them is another program's, and each comes back. */
export class ListeningPorts {
  /** For each address, empty for all of them, the ports there and how many listen on them: two do where one of them is about to fail. */
  readonly #ports = new Map<string, Map<number, number>>();
  /** After a restart another one: a device may still come to the last. */
  #nextDynamic = randomInt(firstDynamic, lastDynamic + 1);
  readonly #returns = new EventEmitter().setMaxListeners(0);

  /** Whether somebody listens on the port in a way that keeps others from this address. */
  has(port: number, address: string): boolean {
    for (const [other, ports] of this.#ports) if (ports.has(port) && overlap(other, address)) return true;
    return false;
  }

  /**
   * The port to try next where any will do. All of them have their turn before it is the first one's again, so that a device that
   * comes late does not meet the next one's file; whichever the system gives would be one of a few thousand on Linux.
   */
  nextDynamic(): number {
    const port = this.#nextDynamic;
    this.#nextDynamic = port === lastDynamic ? firstDynamic : port + 1;
    return port;
  }

  /** Somebody listens there, or tries to. */
  add(port: number, address: string): void {
    const ports = this.#ports.get(address) ?? new Map<number, number>();
    ports.set(port, (ports.get(port) ?? 0) + 1);
    this.#ports.set(address, ports);
  }

  /** Whoever was added there does no more. */
  remove(port: number, address: string): void {
    const ports = this.#ports.get(address);
    const left = (ports?.get(port) ?? 0) - 1;
    if (left > 0) ports?.set(port, left);
    else ports?.delete(port);
    this.#returns.emit('return');
  }

  /** Resolves when a port has come back, or when the ending is aborted. */
  async returned(ending: Ending): Promise<void> {
    const stop = new AbortController();
    try {
      await ending.settled(once(this.#returns, 'return', { signal: stop.signal }));
    } finally {
      stop.abort();
    }
  }
}

/** Whether two cannot listen on one port at once. */
function overlap(one: string, other: string): boolean {
  if (one === other) return true;
  const isAll = (address: string) => address === '' || address === '::';
  if (isAll(one) || isAll(other)) return true;
  return (one === '0.0.0.0' && isIPv4(other)) || (other === '0.0.0.0' && isIPv4(one));
}
