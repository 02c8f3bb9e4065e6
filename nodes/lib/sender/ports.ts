import { EventEmitter } from 'node:events';
import type { Server } from 'node:net';
import type { Cancellation } from '../push/cancellation';
import type { ListeningPort } from '../push/means';

/** Which ports devices may be sent to: any free one, or these. */
export type PortRange = { readonly any: true } | { readonly first: number; readonly last: number };

/**
 * Reads the `ports` of a server: empty, `1233` or `40000-40100`.
 * @throws Error saying what was expected
 */
export function parsePorts(text: string): PortRange {
  if (text.trim() === '') return { any: true };
  const match = /^\s*(\d{1,5})(?:\s*-\s*(\d{1,5}))?\s*$/.exec(text);
  const first = Number(match?.[1]);
  const last = Number(match?.[2] ?? match?.[1]);
  if (match && first >= 1 && last <= 65535 && first <= last) return { first, last };
  throw new Error(
    `Ports: expected nothing, one port or a range such as 40000-40100 (1 to 65535), got ${JSON.stringify(text)}`,
  );
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
   * @throws Error of the last port tried, when none can be opened; or that says so when the push is cancelled first
   */
  listen(server: Server, cancellation: Cancellation, wanted: number | null = null): Promise<ListeningPort> {
    if (this.#free) return this.#listenOnNext(this.#free, server, cancellation, wanted);
    const onAny = () => listenOn(server, 0, this.#bind);
    return wanted === null ? onAny() : listenOn(server, wanted, this.#bind).catch(onAny);
  }

  async #listenOnNext(
    free: number[],
    server: Server,
    cancellation: Cancellation,
    wanted: number | null,
  ): Promise<ListeningPort> {
    if (wanted !== null && free.includes(wanted)) free.unshift(...free.splice(free.indexOf(wanted), 1));
    const taken = new Map<number, unknown>();
    while (taken.size < this.#size) {
      const next = free.findIndex((candidate) => !taken.has(candidate));
      const [port] = next < 0 ? [] : free.splice(next, 1);
      if (port === undefined) {
        await this.#return(cancellation);
        if (cancellation.reason) throw new Error('cancelled while it waited for a port');
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

  /** Resolves when a port comes back, or the push is cancelled. */
  #return(cancellation: Cancellation): Promise<void> {
    return new Promise((resolve) => {
      const stop = () => {
        this.#returns.off('return', stop);
        cancellation.forget(stop);
        resolve();
      };
      this.#returns.on('return', stop);
      cancellation.whenHappened(stop);
    });
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
