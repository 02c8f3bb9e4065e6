import { EventEmitter, once } from 'node:events';
import type { Server } from 'node:net';
import { settledOrAborted } from '../abort';
import type { PortRange } from '../protocol/port-range';

/** A port that a server listens on, until it is given back. */
export interface ListeningPort {
  readonly port: number;
  /** To be called when the server has stopped listening. */
  readonly release: () => void;
}

/**
 * The ports of one server. They are taken in turn, so that a device that comes late does not meet the next one's file,
 * and a push waits while all of them are in use by others of this server.
 */
export class Ports {
  readonly #bind: string | undefined;
  /** Those not in use, the longest unused first; undefined for any port. */
  readonly #free: number[] | undefined;
  readonly #size: number;
  readonly #returns = new EventEmitter().setMaxListeners(0);

  constructor(range: PortRange, bind: string) {
    this.#bind = bind || undefined;
    this.#free =
      'any' in range ? undefined : Array.from({ length: range.last - range.first + 1 }, (_, i) => range.first + i);
    this.#size = this.#free?.length ?? Number.POSITIVE_INFINITY;
  }

  /** How many pushes can listen at once. */
  get size(): number {
    return this.#size;
  }

  /**
   * Makes the server listen on the next port that no other program has.
   * @param wanted the port to have if it can be had
   * @throws Error of the last port tried, when none can be opened; or that says so when the signal is aborted first
   */
  async listen(server: Server, signal: AbortSignal, wanted: number | null = null): Promise<ListeningPort> {
    if (this.#free) return this.#listenOnNext(this.#free, server, signal, wanted);
    if (wanted === null) return listenOn(server, 0, this.#bind);
    return listenOn(server, wanted, this.#bind).catch(() => listenOn(server, 0, this.#bind));
  }

  async #listenOnNext(
    free: number[],
    server: Server,
    signal: AbortSignal,
    wanted: number | null,
  ): Promise<ListeningPort> {
    if (wanted !== null && free.includes(wanted)) free.unshift(...free.splice(free.indexOf(wanted), 1));
    const taken = new Map<number, unknown>();
    while (taken.size < this.#size) {
      const next = free.findIndex((candidate) => !taken.has(candidate));
      const [port] = next < 0 ? [] : free.splice(next, 1);
      if (port === undefined) {
        await this.#portReturned(signal);
        continue;
      }
      const release = () => this.#giveBack(port);
      try {
        return await listenOn(server, port, this.#bind, release);
      } catch (error) {
        taken.set(port, error);
        release();
      }
    }
    throw [...taken.values()].at(-1);
  }

  async #portReturned(signal: AbortSignal): Promise<void> {
    const stop = new AbortController();
    try {
      await settledOrAborted(signal, once(this.#returns, 'return', { signal: stop.signal }));
    } finally {
      stop.abort();
    }
    if (signal.aborted) throw new Error('cancelled while it waited for a port');
  }

  #giveBack(port: number): void {
    this.#free?.push(port);
    this.#returns.emit('return');
  }
}

function listenOn(
  server: Server,
  port: number,
  host: string | undefined,
  release: () => void = () => undefined,
): Promise<ListeningPort> {
  return new Promise((resolve, reject) => {
    const onError = (error: Error) => {
      // A connection that could not be accepted (no descriptor is free): the device comes again, or the time runs out.
      if (server.listening) return;
      server.off('error', onError).removeAllListeners('listening');
      reject(error);
    };
    server.on('error', onError);
    server.listen({ port, host, backlog: 16 }, () => resolve({ port: portOf(server), release }));
  });
}

function portOf(server: Server): number {
  const address = server.address();
  if (typeof address === 'object' && address) return address.port;
  throw new Error('a TCP server listens on a port');
}
