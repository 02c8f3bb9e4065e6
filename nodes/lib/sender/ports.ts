import { EventEmitter, once } from 'node:events';
import type { Server } from 'node:net';
import type { Cancellation } from '../push/cancellation';

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
   * Makes the server listen on the next port that no other program has; resolves to it.
   * The port comes back when the server stops listening.
   * @throws Error of the last port tried, when none can be opened; or that says so when the push is cancelled first
   */
  async listen(server: Server, cancellation: Cancellation): Promise<number> {
    if (!this.#free) return listenOn(server, 0, this.#bind);
    const taken = new Map<number, unknown>();
    for (;;) {
      const port = this.#free.find((candidate) => !taken.has(candidate));
      if (port !== undefined) {
        this.#free.splice(this.#free.indexOf(port), 1);
        try {
          await listenOn(server, port, this.#bind);
          return port;
        } catch (error) {
          taken.set(port, error);
          this.#giveBack(port);
        }
      } else if (taken.size < this.#size) {
        const waiting = new AbortController();
        const returned = once(this.#returns, 'return', waiting);
        await Promise.race([returned, cancellation.happened]).finally(() => waiting.abort());
        if (cancellation.reason) throw new Error('cancelled while it waited for a port');
      } else {
        throw [...taken.values()].at(-1);
      }
    }
  }

  /** To be called when the server has stopped listening on a port that `listen` has given. */
  release(port: number): void {
    if (this.#free) this.#giveBack(port);
  }

  #giveBack(port: number): void {
    this.#free?.push(port);
    this.#returns.emit('return');
  }
}

async function listenOn(server: Server, port: number, host: string | undefined): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    const onError = (error: Error) => {
      server.removeAllListeners('listening');
      reject(error);
    };
    server.once('error', onError);
    server.listen({ port, host, backlog: 16 }, () => {
      server.off('error', onError);
      resolve();
    });
  });
  const address = server.address();
  return typeof address === 'object' && address ? address.port : port;
}
