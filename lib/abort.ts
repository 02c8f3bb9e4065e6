/**
 * What the promise brings, unless the signal is aborted first. Nothing stays with the signal, which may live for days.
 * @throws the signal's reason
 */
export async function unlessAborted<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  let onAbort = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort);
  });
  try {
    return await Promise.race([aborted, promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** Resolves when the promise does, or when the signal is aborted: for those who look at the signal afterwards. */
export async function settledOrAborted(signal: AbortSignal, promise: Promise<unknown>): Promise<void> {
  await unlessAborted(signal, promise).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}

/** Why a signal was aborted, as the end of "was cancelled: …"; undefined while it is not. */
export function abortReason(signal: AbortSignal): string | undefined {
  return signal.aborted ? String(signal.reason) : undefined;
}
