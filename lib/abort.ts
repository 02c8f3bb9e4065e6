/**
 * Resolves when the promise does, or when the signal is aborted, for those who look at the signal afterwards. Nothing stays
 * with the signal, which may live for days.
 * @throws what the promise rejects with
 */
export async function settledOrAborted(signal: AbortSignal, promise: Promise<unknown>): Promise<void> {
  let onAbort = (): void => undefined;
  const aborted = new Promise<void>((resolve) => {
    onAbort = resolve;
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', onAbort);
  });
  try {
    await Promise.race([aborted, promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** Resolves when the work is settled, or after so long; what is not done by then goes on unseen. @throws what the work rejects with in time */
export async function settledWithin(limitMs: number, work: Promise<unknown>): Promise<void> {
  const limit = new Promise((resolve) => setTimeout(resolve, limitMs).unref());
  await Promise.race([work, limit]);
}

/** Why a signal was aborted, as the end of "was cancelled: …"; undefined while it is not. */
export function abortReason(signal: AbortSignal): string | undefined {
  return signal.aborted ? String(signal.reason) : undefined;
}
