/** What came instead of a value. */
export const timedOut = Symbol('timed out');
export const aborted = Symbol('aborted');

/**
 * The promise's value, unless the time or the signal runs out first; the losers are stopped either way.
 * @param timeoutMs how long to wait; Infinity: for as long as it takes
 */
export async function within<T>(
  promise: Promise<T>,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<T | typeof timedOut | typeof aborted> {
  if (signal.aborted) {
    // The loser may still fail later; nobody is left to hear of it.
    promise.catch(() => undefined);
    return aborted;
  }
  let timer: NodeJS.Timeout | undefined;
  let onAbort: () => void = () => undefined;
  const limit = new Promise<typeof timedOut | typeof aborted>((resolve) => {
    onAbort = () => resolve(aborted);
    signal.addEventListener('abort', onAbort, { once: true });
    if (timeoutMs !== Number.POSITIVE_INFINITY) timer = setTimeout(() => resolve(timedOut), timeoutMs);
  });
  try {
    return await Promise.race([promise, limit]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}
