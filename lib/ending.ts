type OnAbort = () => void;

/**
 * What ends a push early: whoever holds it aborts it, and what listens to it ends.
 * An AbortController and its signal in one. Node.js's own would do, but in its versions 18 and 20 each signal has a hidden class of its
 * own: to make one and to listen to it takes nearly a tenth of what a small push takes (`npm run bench`).
 */
export class Ending {
  readonly #listeners = new Set<OnAbort>();
  #reason: string | undefined;

  get isAborted(): boolean {
    return this.#reason !== undefined;
  }

  /** The end of "was cancelled: …"; undefined while it is not aborted. */
  get reason(): string | undefined {
    return this.#reason;
  }

  /** @param reason the first one counts */
  abort(reason: string): void {
    if (this.isAborted) return;
    this.#reason = reason;
    for (const listener of this.#listeners) listener();
  }

  /** Calls back when it is aborted from now on, unless it is told not to before. */
  onAbort(listener: OnAbort): void {
    this.#listeners.add(listener);
  }

  offAbort(listener: OnAbort): void {
    this.#listeners.delete(listener);
  }

  /**
   * Resolves when the promise does, or when it is aborted, for those who look at it afterwards. Nothing stays with it: it may live for
   * days.
   * @throws what the promise rejects with
   */
  async settled(promise: Promise<unknown>): Promise<void> {
    let onAbort: OnAbort = () => undefined;
    const aborted = new Promise<void>((resolve) => {
      onAbort = resolve;
      if (this.isAborted) resolve();
      else this.onAbort(onAbort);
    });
    try {
      await Promise.race([aborted, promise]);
    } finally {
      this.offAbort(onAbort);
    }
  }
}
