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

/** Why a signal was aborted, as the end of "was cancelled: …"; undefined while it is not. */
export function abortReason(signal: AbortSignal): string | undefined {
  return signal.aborted ? String(signal.reason) : undefined;
}
