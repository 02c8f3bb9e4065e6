import type { Job } from '../push/job';
import { KeyedMutex } from './semaphore';
import type { Claim, DeviceWakeQueue } from './wake-queue';

/** A push's turn at its device. */
export interface Turn {
  /** The push begins: one that waits for the device to speak, and has the same files, ends as superseded. */
  begin(): void;
  /** Gives the turn on: to the next, or back to one that waits, where this push has not begun. */
  end(): void;
}

/**
 * One push per device at a time; the next waits its turn. A newer push with the files of one that waits until the device
 * speaks has its turn at once, before others, also where that one only waits again later.
 */
export class Turns {
  readonly #mutexes = new KeyedMutex();
  readonly #wakeQueue: DeviceWakeQueue;

  constructor(wakeQueue: DeviceWakeQueue) {
    this.#wakeQueue = wakeQueue;
  }

  /**
   * @param jobs of one device
   * @param onBlocked called when another push has the turn, which may take days
   * @returns undefined when the signal is aborted first: then there is nothing to end
   */
  async take(jobs: readonly Job[], signal: AbortSignal, onBlocked: () => void): Promise<Turn | undefined> {
    const target = jobs[0]?.target ?? '';
    let claim = this.#wakeQueue.claim(jobs);
    if (!claim && !this.#mutexes.isFree(target)) onBlocked();
    while (!claim) {
      if (await this.#acquire(target, jobs, signal)) break;
      if (signal.aborted) return undefined;
      claim = this.#wakeQueue.claim(jobs);
    }
    return this.#turnOf(target, jobs, claim);
  }

  /** Resolves to false too when an older push with the same files begins to wait. */
  async #acquire(target: string, jobs: readonly Job[], signal: AbortSignal): Promise<boolean> {
    if (this.#mutexes.isFree(target)) return this.#mutexes.acquire(target, signal);
    const stop = new AbortController();
    const onStop = () => stop.abort();
    if (signal.aborted) onStop();
    signal.addEventListener('abort', onStop);
    const stopListening = this.#wakeQueue.onWait(jobs, onStop);
    try {
      return await this.#mutexes.acquire(target, stop.signal);
    } finally {
      stopListening();
      signal.removeEventListener('abort', onStop);
    }
  }

  #turnOf(target: string, jobs: readonly Job[], claim: Claim | undefined): Turn {
    let hasBegun = false;
    return {
      begin: () => {
        hasBegun = true;
        claim?.take();
      },
      end: () => {
        const isGivenBack = !hasBegun && claim?.giveBack() === true;
        if (!isGivenBack && !this.#wakeQueue.hasLostTurn(jobs)) this.#mutexes.release(target);
      },
    };
  }
}
