/** Something that is given up when its time is up. */
export interface Deadline {
  /** On the clock of `performance`. */
  readonly at: number;
  readonly onOver: () => void;
}

/**
 * Deadlines of which almost none is ever reached, and one timer for all of them: with timers of their own they would cost a small push
 * a twentieth of its time (`npm run bench`).
 */
export class Deadlines {
  readonly #pending = new Set<Deadline>();
  #timer: NodeJS.Timeout | undefined;
  /** On the clock of `performance`. It fires for deadlines too that were taken back. */
  #firesAt = Number.POSITIVE_INFINITY;

  /** @param onOver called after so many milliseconds, unless it is taken back before */
  add(ms: number, onOver: () => void): Deadline {
    const deadline = { at: performance.now() + ms, onOver };
    this.#pending.add(deadline);
    if (deadline.at < this.#firesAt) this.#fireAt(deadline.at);
    return deadline;
  }

  takeBack(deadline: Deadline | undefined): void {
    if (deadline) this.#pending.delete(deadline);
  }

  /** Takes all of them back. */
  close(): void {
    this.#pending.clear();
    clearTimeout(this.#timer);
    this.#firesAt = Number.POSITIVE_INFINITY;
  }

  #fireAt(at: number): void {
    clearTimeout(this.#timer);
    this.#firesAt = at;
    this.#timer = setTimeout(() => this.#fire(), Math.max(0, at - performance.now()));
  }

  #fire(): void {
    const now = performance.now();
    const over = [...this.#pending].filter(({ at }) => at <= now).sort((one, other) => one.at - other.at);
    this.#firesAt = Number.POSITIVE_INFINITY;
    let next = Number.POSITIVE_INFINITY;
    for (const { at } of this.#pending) if (at > now) next = Math.min(next, at);
    if (next < Number.POSITIVE_INFINITY) this.#fireAt(next);
    // One of them may take another back.
    for (const deadline of over) if (this.#pending.delete(deadline)) deadline.onOver();
  }
}
