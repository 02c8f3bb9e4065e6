type OnCancel = (reason: string) => void;

/** Says that a push shall end. Plain callbacks: an AbortSignal's listeners cost as much as a small push. */
export class Cancellation {
  #listeners: readonly OnCancel[] = [];
  #reason: string | undefined;

  /** Completes "was cancelled: …"; undefined while it goes on. The first reason stays. */
  get reason(): string | undefined {
    return this.#reason;
  }

  /** Tells the listener once, at once where it has happened already. */
  onCancel(listener: OnCancel): void {
    if (this.#reason === undefined) this.#listeners = [...this.#listeners, listener];
    else listener(this.#reason);
  }

  /** To be called by whoever needs not be told any more: a push may go on for days, its attempts and waits do not. */
  forget(listener: OnCancel): void {
    this.#listeners = this.#listeners.filter((other) => other !== listener);
  }

  cancel(reason: string): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    const listeners = this.#listeners;
    this.#listeners = [];
    for (const listener of listeners) listener(reason);
  }
}
