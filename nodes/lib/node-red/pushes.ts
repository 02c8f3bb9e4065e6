import { Cancellation } from '../push/cancellation';
import type { Job } from '../push/means';

/** The pushes of one node, so that they can be cancelled and end with it. */
export class Pushes {
  readonly #underWay = new Map<Cancellation, string>();
  /** Messages whose sources take their time, each with the targets of the resets that came meanwhile. */
  readonly #readings = new Set<(string | undefined)[]>();
  readonly #cancelledWhileRead = new WeakSet<Job>();
  #isClosed = false;
  #onIdle: () => void = () => undefined;

  /** The job of a message that is still being read: a reset that comes before it is there counts for it too. */
  async reading(read: Promise<Job>): Promise<Job> {
    const resets: (string | undefined)[] = [];
    this.#readings.add(resets);
    try {
      const job = await read;
      if (resets.some((target) => target === undefined || target === job.target)) this.#cancelledWhileRead.add(job);
      return job;
    } finally {
      this.#readings.delete(resets);
    }
  }

  /** A push begins; once the node is closed, what still comes is cancelled at once. */
  begin(job: Job): Cancellation {
    const push = new Cancellation();
    if (this.#isClosed) push.cancel(stopped);
    if (this.#cancelledWhileRead.has(job)) push.cancel(reset);
    this.#underWay.set(push, job.target);
    return push;
  }

  /** It has ended, however. */
  end(push: Cancellation): void {
    this.#underWay.delete(push);
    if (this.#underWay.size === 0) this.#onIdle();
  }

  /** Cancels all of them, or those to one device. */
  cancel(target: string | undefined): void {
    for (const resets of this.#readings) resets.push(target);
    for (const [push, of] of this.#underWay) {
      if (target === undefined || of === target) push.cancel(reset);
    }
  }

  /** Cancels all of them and resolves when each has ended. */
  close(): Promise<void> {
    this.#isClosed = true;
    for (const push of this.#underWay.keys()) push.cancel(stopped);
    return new Promise((resolve) => {
      this.#onIdle = resolve;
      if (this.#underWay.size === 0) resolve();
    });
  }
}

const reset = 'a message with msg.reset asked for it';
const stopped = 'the node was redeployed or stopped';
