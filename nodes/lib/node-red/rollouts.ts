import type { Rollout, RolloutEnd } from '../fleet/rollout';
import { reasons } from './reasons';

/** The rollouts of one node: one at a time, in the order in which they came. */
export class Rollouts {
  /** The first is under way. */
  readonly #rollouts: Rollout[] = [];
  readonly #onChange: () => void;
  #last: Promise<unknown> = Promise.resolve();
  #resets = 0;
  #isClosed = false;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  get underWay(): Rollout | undefined {
    return this.#rollouts[0];
  }

  /** How many wait for those before them. */
  get waiting(): number {
    return Math.max(0, this.#rollouts.length - 1);
  }

  /** Runs what a message asks for, when its turn has come. A reset that comes while it is still being read counts for it too. */
  async run(
    read: Rollout | Promise<Rollout>,
    onStart: (rollout: Rollout) => void,
  ): Promise<{ readonly rollout: Rollout; readonly end: RolloutEnd }> {
    const resets = this.#resets;
    const rollout = read instanceof Promise ? await read : read;
    if (this.#isClosed) rollout.cancel(reasons.stop);
    if (this.#resets !== resets) rollout.cancel(reasons.reset);
    this.#rollouts.push(rollout);
    const before = this.#last;
    const ended = before.then(() => this.#run(rollout, onStart));
    // The next one begins however this one ends.
    this.#last = ended.catch(() => undefined);
    this.#onChange();
    return { rollout, end: await ended };
  }

  pause(): void {
    this.underWay?.pause();
  }

  continue(): void {
    this.underWay?.continue();
  }

  /** Ends the one under way, and those that wait. */
  cancel(): void {
    this.#resets += 1;
    this.#cancelAll(reasons.reset);
  }

  /** Cancels all of them and resolves when each has ended. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelAll(reasons.stop);
    await this.#last;
  }

  #cancelAll(reason: string): void {
    for (const rollout of this.#rollouts) rollout.cancel(reason);
  }

  async #run(rollout: Rollout, onStart: (rollout: Rollout) => void): Promise<RolloutEnd> {
    try {
      onStart(rollout);
      return await rollout.run();
    } finally {
      this.#rollouts.shift();
    }
  }
}
