/** Resolves when the work is settled, or after so long; what is not done by then goes on unseen. @throws what the work rejects with in time */
export async function settledWithin(limitMs: number, work: Promise<unknown>): Promise<void> {
  const limit = new Promise((resolve) => setTimeout(resolve, limitMs).unref());
  await Promise.race([work, limit]);
}
