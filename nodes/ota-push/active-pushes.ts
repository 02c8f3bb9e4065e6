import { Ending } from '../../lib/ending';
import type { Job } from '../../lib/push/job';
import { reasons } from '../shared/reasons';

/** The pushes of one node, so that they can be cancelled and end with it. */
export class ActivePushes {
  /** What ends each, and the device that it is for. */
  readonly #active = new Map<Ending, string>();
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

  /** A push begins. @returns what ends it; once the node is closed, that has ended it already */
  begin(jobs: readonly Job[]): Ending {
    const ending = new Ending();
    if (this.#isClosed) ending.abort(reasons.stop);
    if (this.#cancelledWhileRead.has(jobs)) ending.abort(reasons.reset);
    this.#active.set(ending, jobs[0]?.target ?? '');
    return ending;
  }

  /** The push has ended. @param ending what it was given */
  end(ending: Ending): void {
    this.#active.delete(ending);
    if (this.#active.size === 0) this.#onIdle();
  }

  /** Cancels all of them, or those to one device. */
  cancel(target: string | undefined): void {
    for (const resets of this.#readings) resets.push(target);
    for (const [ending, of] of this.#active) {
      if (target === undefined || of === target) ending.abort(reasons.reset);
    }
  }

  /** Cancels all of them and resolves when each has ended. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const ending of this.#active.keys()) ending.abort(reasons.stop);
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
      if (this.#active.size === 0) resolve();
    });
  }
}
