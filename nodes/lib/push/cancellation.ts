/** Says that a push shall end. Plain callbacks: an AbortSignal's listeners cost as much as a small push. */
export class Cancellation {
  readonly #listeners: ((reason: string) => void)[] = [];
  #reason: string | undefined;

  /** Completes "was cancelled: …"; undefined while it goes on. The first reason stays. */
  get reason(): string | undefined {
    return this.#reason;
  }

  /** Tells the listener once, at once where it has happened already. */
  onCancel(listener: (reason: string) => void): void {
    if (this.#reason === undefined) this.#listeners.push(listener);
    else listener(this.#reason);
  }

  cancel(reason: string): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    for (const listener of this.#listeners.splice(0)) listener(reason);
  }
}
