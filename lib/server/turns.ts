import { Ending } from '../ending';
import type { Job } from '../push/job';
import { KeyedMutex } from './semaphore';
import type { Claim, DeviceWakeQueue } from './wake-queue';

/** A push's turn at its device. */
export class Turn {
  readonly #jobs: readonly Job[];
  readonly #mutexes: KeyedMutex;
  readonly #wakeQueue: DeviceWakeQueue;
  readonly #claim: Claim | undefined;
  #hasBegun = false;

  /** @param claim on an older push, whose turn it is */
  constructor(jobs: readonly Job[], mutexes: KeyedMutex, wakeQueue: DeviceWakeQueue, claim?: Claim) {
    this.#jobs = jobs;
    this.#mutexes = mutexes;
    this.#wakeQueue = wakeQueue;
    this.#claim = claim;
  }

  /** The push begins: one that waits for the device to speak, and has the same files, ends as superseded. */
  begin(): void {
    this.#hasBegun = true;
    this.#claim?.take();
  }

  /** Gives the turn on: to the next, or back to one that waits, where this push has not begun. */
  end(): void {
    const isGivenBack = !this.#hasBegun && this.#claim?.giveBack() === true;
    if (!isGivenBack && !this.#wakeQueue.hasLostTurn(this.#jobs)) this.#mutexes.release(targetOf(this.#jobs));
  }
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

  /** @param jobs of one device @returns undefined when another push has the turn, which may take days */
  tryTake(jobs: readonly Job[]): Turn | undefined {
    const claim = this.#wakeQueue.claim(jobs);
    return claim || this.#mutexes.tryAcquire(targetOf(jobs)) ? this.#turnOf(jobs, claim) : undefined;
  }

  /** @param jobs of one device @returns undefined when the ending is aborted first: then there is nothing to end */
  async take(jobs: readonly Job[], ending: Ending): Promise<Turn | undefined> {
    for (;;) {
      if (await this.#acquire(jobs, ending)) return this.#turnOf(jobs);
      if (ending.isAborted) return undefined;
      const claim = this.#wakeQueue.claim(jobs);
      if (claim) return this.#turnOf(jobs, claim);
    }
  }

  /** Resolves to false too when an older push with the same files begins to wait. */
  async #acquire(jobs: readonly Job[], ending: Ending): Promise<boolean> {
    const stop = new Ending();
    const onStop = () => stop.abort('it waits no more as it did');
    if (ending.isAborted) onStop();
    ending.onAbort(onStop);
    const stopListening = this.#wakeQueue.onWait(jobs, onStop);
    try {
      return await this.#mutexes.acquire(targetOf(jobs), stop);
    } finally {
      stopListening();
      ending.offAbort(onStop);
    }
  }

  #turnOf(jobs: readonly Job[], claim?: Claim): Turn {
    return new Turn(jobs, this.#mutexes, this.#wakeQueue, claim);
  }
}

function targetOf(jobs: readonly Job[]): string {
  return jobs[0]?.target ?? '';
}
