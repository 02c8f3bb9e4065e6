import type { Job } from '../push/job';
import type { Broker, WaitResult, WakeQueue } from '../push/services';
import { Deferred } from '../transfer/deferred';

/**
 * Pushes that wait until their device speaks. A newer one for the same device and files takes the place of one that
 * waits, its turn included.
 */
export class DeviceWakeQueue implements WakeQueue {
  readonly #waiting = new Map<string, Deferred<WaitResult>>();

  constructor(readonly broker: Broker) {}

  /** Ends the wait of an older push for the same device and files; false: none waits. */
  supersede(jobs: readonly Job[]): boolean {
    const key = keyOf(jobs);
    this.#waiting.get(key)?.resolve('superseded');
    return this.#waiting.delete(key);
  }

  async wait(jobs: readonly Job[], topic: string, until: number, signal: AbortSignal): Promise<WaitResult> {
    const key = keyOf(jobs);
    const result = new Deferred<WaitResult>();
    const onAbort = () => result.resolve('cancelled');
    const stopListening = this.broker.listen(topic, ({ maybeStale }) => maybeStale || result.resolve('awake'));
    const timer = setTimeout(() => result.resolve('too late'), Math.max(0, until - performance.now()));
    signal.addEventListener('abort', onAbort);
    this.#waiting.set(key, result);
    try {
      return await result.promise;
    } finally {
      if (this.#waiting.get(key) === result) this.#waiting.delete(key);
      signal.removeEventListener('abort', onAbort);
      clearTimeout(timer);
      stopListening();
    }
  }
}

function keyOf(jobs: readonly Job[]): string {
  return jobs.map(({ target, filename }) => `${target}/${filename}`).join('|');
}
