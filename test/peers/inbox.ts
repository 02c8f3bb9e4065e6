/** What has come and was not taken yet, in order: tests wait for the next one instead of sleeping. */
export class Inbox<T> {
  readonly all: T[] = [];
  readonly #waiting: ((item: T) => void)[] = [];
  #taken = 0;

  push(item: T): void {
    this.all.push(item);
    this.#waiting.shift()?.(this.#take());
  }

  /** The next one, now or when it comes. */
  next(): Promise<T> {
    if (this.#taken < this.all.length) return Promise.resolve(this.#take());
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** What has come so far is not waited for any more. */
  skip(): void {
    this.#taken = this.all.length;
  }

  /** What has come so far is forgotten. */
  clear(): void {
    this.all.length = 0;
    this.#taken = 0;
  }

  /** The next one that is so; those before it are taken too. */
  async nextThat(matches: (item: T) => boolean): Promise<T> {
    for (;;) {
      const item = await this.next();
      if (matches(item)) return item;
    }
  }

  #take(): T {
    this.#taken += 1;
    return this.all[this.#taken - 1] as T;
  }
}
