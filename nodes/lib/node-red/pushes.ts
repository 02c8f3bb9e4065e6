import { Cancellation } from '../push/cancellation';
import type { Job } from '../push/means';
import { reasons } from './reasons';

/** The pushes of one node, so that they can be cancelled and end with it. */
export class Pushes {
  readonly #underWay = new Map<Cancellation, string>();
  /** Messages whose sources take their time, each with the targets of the resets that came meanwhile. */
  readonly #readings = new Set<(string | undefined)[]>();
  readonly #cancelledWhileRead = new WeakSet<readonly Job[]>();
  #isClosed = false;
  #onIdle: () => void = () => undefined;

  /** The jobs of a message that is still being read: a reset that comes before they are there counts for them too. */
  async reading(read: Promise<Job[]>): Promise<Job[]> {
    const resets: (string | undefined)[] = [];
    this.#readings.add(resets);
    try {
      const jobs = await read;
      const isMeant = (target: string | undefined) => target === undefined || target === jobs[0]?.target;
      if (resets.some(isMeant)) this.#cancelledWhileRead.add(jobs);
      return jobs;
    } finally {
      this.#readings.delete(resets);
    }
  }

  /** A push begins; once the node is closed, what still comes is cancelled at once. */
  begin(jobs: readonly Job[]): Cancellation {
    const push = new Cancellation();
    if (this.#isClosed) push.cancel(reasons.stop);
    if (this.#cancelledWhileRead.has(jobs)) push.cancel(reasons.reset);
    this.#underWay.set(push, jobs[0]?.target ?? '');
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
      if (target === undefined || of === target) push.cancel(reasons.reset);
    }
  }

  /** Cancels all of them and resolves when each has ended. */
  close(): Promise<void> {
    this.#isClosed = true;
    for (const push of this.#underWay.keys()) push.cancel(reasons.stop);
    return new Promise((resolve) => {
      this.#onIdle = resolve;
      if (this.#underWay.size === 0) resolve();
    });
  }
}
