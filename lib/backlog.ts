/** How much may wait at once. */
export interface BacklogLimits {
  readonly count: number;
  /** Of what waits: messages, and the bytes of their files. */
  readonly bytes: number;
}

/** More than there are devices anywhere, and what a small computer has to spare. */
export const usualBacklog: BacklogLimits = { count: 10_000, bytes: 256 * 1024 * 1024 };

/** What waits. */
interface Amount {
  count: number;
  bytes: number;
}

/** A place in a backlog, from when it is made. Leaving and coming back is done once, however often it is asked for. */
export class Place {
  readonly #waiting: Amount;
  readonly #bytes: number;
  #isIn = false;

  constructor(waiting: Amount, bytes: number) {
    this.#waiting = waiting;
    this.#bytes = bytes;
    this.comeBack();
  }

  leave(): void {
    if (this.#isIn) this.#move(-1);
  }

  /** It waits again; it is not refused for that. */
  comeBack(): void {
    if (!this.#isIn) this.#move(1);
  }

  #move(sign: 1 | -1): void {
    this.#isIn = sign === 1;
    this.#waiting.count += sign;
    this.#waiting.bytes += sign * this.#bytes;
  }
}

const megabyte = 1024 * 1024;

/** What waits, counted: whatever messages bring must not fill our memory, and what is too much is refused before it waits. */
export class Backlog {
  readonly #limits: BacklogLimits;
  readonly #waiting: Amount = { count: 0, bytes: 0 };

  constructor(limits: BacklogLimits) {
    this.#limits = limits;
  }

  /** How full it is, for people, as "10000 of them, with 3 MB of messages and files"; undefined where so many bytes more may wait. One alone always may. */
  fullnessFor(bytes: number): string | undefined {
    const { count: maxCount, bytes: maxBytes } = this.#limits;
    const waiting = this.#waiting;
    const isFull = waiting.count >= maxCount || (waiting.count > 0 && waiting.bytes + bytes > maxBytes);
    return isFull
      ? `${waiting.count} of them, with ${Math.ceil(waiting.bytes / megabyte)} MB of messages and files`
      : undefined;
  }

  /** One more waits, with so many bytes. */
  enter(bytes: number): Place {
    return new Place(this.#waiting, bytes);
  }
}
