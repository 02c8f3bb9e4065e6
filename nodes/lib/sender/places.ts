import type { Cancellation } from '../push/cancellation';

/** So many at once; the others wait in the order in which they came. A free place is had without a promise. */
export class Places {
  readonly #size: number;
  readonly #waiting: (() => void)[] = [];
  #taken = 0;

  constructor(size: number) {
    this.#size = size;
  }

  get size(): number {
    return this.#size;
  }

  get isEmpty(): boolean {
    return this.#taken === 0;
  }

  /** Takes a place; false: he was cancelled before he got one, and has none to leave. */
  take(cancellation: Cancellation): true | Promise<boolean> {
    if (this.#taken < this.#size) {
      this.#taken += 1;
      return true;
    }
    return new Promise((resolve) => {
      const enter = () => {
        cancellation.forget(leaveQueue);
        resolve(true);
      };
      const leaveQueue = () => {
        const at = this.#waiting.indexOf(enter);
        if (at < 0) return;
        this.#waiting.splice(at, 1);
        resolve(false);
      };
      this.#waiting.push(enter);
      cancellation.whenHappened(leaveQueue);
    });
  }

  /** The place goes to whoever has waited longest. */
  leave(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#taken -= 1;
  }
}
