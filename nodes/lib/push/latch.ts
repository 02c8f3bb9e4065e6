type Listener<T> = (value: T) => void;

/** Something that happens once, and whoever asks is told. Less than a promise: a push has many that nobody waits for. */
export class Latch<T> {
  #listeners: Listener<T>[] | undefined;
  #value: T | undefined;

  /** Undefined until it happens. */
  get value(): T | undefined {
    return this.#value;
  }

  /** Only the first time counts. */
  happen(value: T): void {
    if (this.#value !== undefined) return;
    this.#value = value;
    const listeners = this.#listeners ?? [];
    this.#listeners = undefined;
    for (const listener of listeners) listener(value);
  }

  /** Tells the listener once, at once where it has happened already. */
  whenHappened(listener: Listener<T>): void {
    if (this.#value !== undefined) listener(this.#value);
    else if (this.#listeners) this.#listeners.push(listener);
    else this.#listeners = [listener];
  }

  /** To be called by whoever needs not be told any more: a push may go on for days, its attempts and waits do not. */
  forget(listener: Listener<T>): void {
    this.#listeners = this.#listeners?.filter((other) => other !== listener);
  }
}
