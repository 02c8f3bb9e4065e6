/** How much may wait at once. */
export interface BacklogLimits {
  readonly count: number;
  /** Of what waits: messages, and the bytes of their files. */
  readonly bytes: number;
}

/** More than there are devices anywhere, and what a small computer has to spare. */
export const usualBacklog: BacklogLimits = { count: 10_000, bytes: 256 * 1024 * 1024 };

/** A place in a backlog. Leaving and coming back is done once, however often it is asked for. */
export interface Place {
  leave(): void;
  /** It waits again; it is not refused for that. */
  comeBack(): void;
}

const megabyte = 1024 * 1024;

/** What waits, counted: whatever messages bring must not fill our memory, and what is too much is refused before it waits. */
export class Backlog {
  readonly #limits: BacklogLimits;
  #count = 0;
  #bytes = 0;

  constructor(limits: BacklogLimits) {
    this.#limits = limits;
  }

  /** How full it is, for people, as "10000 of them, with 3 MB of messages and files"; undefined where so many bytes more may wait. One alone always may. */
  fullnessFor(bytes: number): string | undefined {
    const { count: maxCount, bytes: maxBytes } = this.#limits;
    const isFull = this.#count >= maxCount || (this.#count > 0 && this.#bytes + bytes > maxBytes);
    return isFull
      ? `${this.#count} of them, with ${Math.ceil(this.#bytes / megabyte)} MB of messages and files`
      : undefined;
  }

  /** One more waits, with so many bytes. */
  enter(bytes: number): Place {
    let isIn = false;
    const move = (sign: 1 | -1) => {
      isIn = sign === 1;
      this.#count += sign;
      this.#bytes += sign * bytes;
    };
    move(1);
    return {
      leave: () => {
        if (isIn) move(-1);
      },
      comeBack: () => {
        if (!isIn) move(1);
      },
    };
  }
}
