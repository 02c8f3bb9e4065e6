/** A push says so at least every 10 seconds: after this long none is under way any more. */
const usualMs = 60_000;

/** When nothing was heard for too long of the updates that are under way, by device. */
export class Silence {
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #onSilent: (target: string) => void;
  readonly #afterMs: number;

  constructor(onSilent: (target: string) => void, afterMs = usualMs) {
    this.#onSilent = onSilent;
    this.#afterMs = afterMs;
  }

  /** Something was heard of the update of this device: the time begins anew. */
  hear(target: string): void {
    this.end(target);
    this.#timers.set(
      target,
      setTimeout(() => this.#onSilent(target), this.#afterMs),
    );
  }

  /** None is under way. */
  end(target: string): void {
    clearTimeout(this.#timers.get(target));
    this.#timers.delete(target);
  }

  endAll(): void {
    for (const target of this.#timers.keys()) this.end(target);
  }
}
