import type { Server } from 'node:net';
import type { Ending } from '../ending';
import type { PortRange } from '../protocol/port-range';
import type { ListeningPorts } from './listening-ports';

/** A port that a server listens on, until it is given back. */
export interface ListeningPort {
  readonly port: number;
  /** To be called when the server has stopped listening. */
  readonly release: () => void;
}

/** No port had come back by the time that the ending was aborted. */
export class StoppedWaiting extends Error {
  constructor() {
    super('cancelled while it waited for a port');
  }
}

/** So many are tried before the system chooses one: other programs may have several in a row, or the system has set them aside. */
const mostTries = 20;

/**
 * The ports of one server. They are taken in turn, so that a device that comes late does not meet the next one's file,
 * and a push waits while all of them are in use by pushes, of this server or of another one of the same process.
 */
export class Ports {
  readonly #listening: ListeningPorts;
  readonly #bind: string;
  /** Those that no push of this server has, the longest unused first; undefined for any port. */
  readonly #free: number[] | undefined;
  readonly #size: number;

  /** @param listening what the servers of this process listen on, shared by all of them */
  constructor(range: PortRange, bind: string, listening: ListeningPorts) {
    this.#listening = listening;
    this.#bind = bind;
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
   * @throws Error of the last port tried, when none can be opened; StoppedWaiting when the ending is aborted first
   */
  listen(server: Server, ending: Ending, wanted: number | null = null): Promise<ListeningPort> {
    return this.#free
      ? this.#listenOnNext(this.#free, server, ending, wanted)
      : this.#listenOnAny(server, wanted ?? this.#listening.nextDynamic());
  }

  async #listenOnAny(server: Server, wanted: number): Promise<ListeningPort> {
    let next = wanted;
    for (let tries = 1; ; tries += 1) {
      try {
        const port = await listenOn(server, next, this.#bind);
        this.#listening.add(port, this.#bind);
        return { port, release: () => this.#listening.remove(port, this.#bind) };
      } catch (error) {
        if (!isTaken(error) || next === 0) throw error;
        next = tries < mostTries ? this.#listening.nextDynamic() : 0;
      }
    }
  }

  async #listenOnNext(free: number[], server: Server, ending: Ending, wanted: number | null): Promise<ListeningPort> {
    if (wanted !== null && free.includes(wanted)) free.unshift(...free.splice(free.indexOf(wanted), 1));
    const taken = new Map<number, unknown>();
    while (taken.size < this.#size) {
      const next = free.findIndex((port) => !taken.has(port) && !this.#listening.has(port, this.#bind));
      const [port] = next < 0 ? [] : free.splice(next, 1);
      if (port === undefined) {
        await this.#listening.returned(ending);
        if (ending.isAborted) throw new StoppedWaiting();
        continue;
      }
      this.#listening.add(port, this.#bind);
      const release = () => {
        free.push(port);
        this.#listening.remove(port, this.#bind);
      };
      try {
        await listenOn(server, port, this.#bind);
        return { port, release };
      } catch (error) {
        release();
        // The address is none of this machine's, whatever the port.
        if ((error as NodeJS.ErrnoException).code === 'EADDRNOTAVAIL') throw error;
        // A server of this process that takes any port may just have taken this one, and gives it back.
        if (!this.#listening.has(port, this.#bind)) taken.set(port, error);
      }
    }
    throw [...taken.values()].at(-1);
  }
}

/** By another program; Windows refuses what it has set aside. */
function isTaken(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EADDRINUSE' || code === 'EACCES';
}

/** Resolves to the port: 0 stands for whichever the system gives. */
function listenOn(server: Server, port: number, bind: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      server.removeAllListeners('listening');
      reject(error);
    });
    server.listen({ port, host: bind || undefined, backlog: 16 }, () => {
      server.removeAllListeners('error').on('error', ignoreUnaccepted);
      resolve(port === 0 ? portOf(server) : port);
    });
  });
}

/** A connection that could not be accepted (no descriptor is free): the device comes again, or the time runs out. */
function ignoreUnaccepted(): void {
  // Nothing is to be done about it.
}

function portOf(server: Server): number {
  const address = server.address();
  if (typeof address === 'object' && address) return address.port;
  throw new Error('a TCP server listens on a port');
}
