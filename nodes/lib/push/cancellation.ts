import { deferred } from './deferred';

/** Says that a push shall end. One promise for all its waits: an AbortSignal's listeners cost as much as a small push. */
export class Cancellation {
  readonly #happened = deferred<typeof cancelled>();
  #reason: string | undefined;

  /** Completes "was cancelled: …"; undefined while it goes on. The first reason stays. */
  get reason(): string | undefined {
    return this.#reason;
  }

  get happened(): Promise<typeof cancelled> {
    return this.#happened.promise;
  }

  cancel(reason: string): void {
    this.#reason ??= reason;
    this.#happened.resolve(cancelled);
  }
}

/** What came instead of a value. */
export const timedOut = Symbol('timed out');
export const cancelled = Symbol('cancelled');

/**
 * The promise's value, unless the time runs out or the push is cancelled first.
 * @param timeoutMs how long to wait; Infinity: for as long as it takes
 */
export async function within<T>(
  promise: Promise<T>,
  timeoutMs: number,
  cancellation: Cancellation,
): Promise<T | typeof timedOut | typeof cancelled> {
  if (timeoutMs === Number.POSITIVE_INFINITY) return Promise.race([promise, cancellation.happened]);
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<typeof timedOut>((resolve) => {
    timer = setTimeout(resolve, timeoutMs, timedOut);
  });
  try {
    return await Promise.race([promise, cancellation.happened, limit]);
  } finally {
    clearTimeout(timer);
  }
}
