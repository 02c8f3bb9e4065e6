import type { Ending } from '../ending';
import { Deferred } from '../transfer/deferred';

/** So many at once; the others wait in the order in which they came. */
export class Semaphore {
  readonly #waiting: Deferred<void>[] = [];
  #taken = 0;

  constructor(readonly size: number) {}

  get isUnused(): boolean {
    return this.#taken === 0;
  }

  /** Whether there was room: then it is taken. */
  tryAcquire(): boolean {
    if (this.#taken === this.size) return false;
    this.#taken += 1;
    return true;
  }

  /** Resolves to true when there is room; to false when the ending is aborted first: then there is nothing to release. */
  async acquire(ending: Ending): Promise<boolean> {
    if (this.tryAcquire()) return true;
    const turn = new Deferred<void>();
    this.#waiting.push(turn);
    await ending.settled(turn.promise);
    const position = this.#waiting.indexOf(turn);
    if (position >= 0) this.#waiting.splice(position, 1);
    return position < 0;
  }

  /** The slot goes to the push that has waited longest. */
  release(): void {
    const next = this.#waiting.shift();
    if (next) next.resolve();
    else this.#taken -= 1;
  }
}

/** One at a time for each key; the next waits its turn. */
export class KeyedMutex {
  readonly #mutexes = new Map<string, Semaphore>();

  /** Whether nobody had the turn: then it is taken. */
  tryAcquire(key: string): boolean {
    if (this.#mutexes.has(key)) return false;
    const mutex = new Semaphore(1);
    this.#mutexes.set(key, mutex);
    return mutex.tryAcquire();
  }

  /** Resolves to true when the turn has come; to false when the ending is aborted first: then there is nothing to release. */
  acquire(key: string, ending: Ending): Promise<boolean> {
    const mutex = this.#mutexes.get(key) ?? new Semaphore(1);
    this.#mutexes.set(key, mutex);
    return mutex.acquire(ending);
  }

  release(key: string): void {
    const mutex = this.#mutexes.get(key);
    mutex?.release();
    if (mutex?.isUnused) this.#mutexes.delete(key);
  }
}
