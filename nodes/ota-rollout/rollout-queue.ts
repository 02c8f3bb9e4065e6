import { Backlog, type Place } from '../../lib/backlog';
import type { Rollout, RolloutEnd } from '../../lib/rollout/rollout';
import { BadInput } from '../shared/bad-input';
import { reasons } from '../shared/reasons';

/** More than anybody starts, and what a small computer has to spare: rollouts that wait, with their messages and the bytes of their files. */
const mostWaiting = { count: 100, bytes: 256 * 1024 * 1024 };

/** What a message asks for. */
interface Asked {
  readonly rollout: Rollout;
  /** Of its message and files. */
  readonly heldBytes: number;
}

/** The rollouts of one node: one at a time, in the order in which they came. */
export class RolloutQueue {
  /** The first is under way. */
  readonly #rollouts: Rollout[] = [];
  readonly #backlog = new Backlog(mostWaiting);
  readonly #onChange: () => void;
  #last: Promise<unknown> = Promise.resolve();
  #resets = 0;
  /** Messages whose sources take their time, and whether the first of them is to be paused. */
  #readings = 0;
  #isPaused = false;
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

  /**
   * Runs what a message asks for, when its turn has come. A reset or a pause that comes while it is still being read
   * counts for it too.
   * @param onStart called when its turn has come
   * @throws BadInput where too many wait already
   */
  async run<Read extends Asked>(
    read: Read | Promise<Read>,
    onStart: (read: Read) => void,
  ): Promise<Read & { readonly end: RolloutEnd }> {
    const resets = this.#resets;
    const begun = read instanceof Promise ? await this.#reading(read) : read;
    const { rollout, heldBytes } = begun;
    const place = this.underWay ? this.#enter(heldBytes) : undefined;
    if (this.#isClosed) rollout.cancel(reasons.stop);
    if (this.#resets !== resets) rollout.cancel(reasons.reset);
    this.#rollouts.push(rollout);
    const ended = this.#last.then(() => this.#run(rollout, place, () => onStart(begun)));
    // The next one begins however this one ends.
    this.#last = ended.catch(() => undefined);
    this.#onChange();
    return { ...begun, end: await ended };
  }

  pause(): void {
    if (this.underWay) this.underWay.pause();
    else this.#isPaused = this.#readings > 0;
  }

  continue(): void {
    this.#isPaused = false;
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

  async #reading<Read extends Asked>(read: Promise<Read>): Promise<Read> {
    this.#readings += 1;
    try {
      const begun = await read;
      if (this.#isPaused) begun.rollout.pause();
      this.#isPaused = false;
      return begun;
    } finally {
      this.#readings -= 1;
    }
  }

  #enter(heldBytes: number): Place {
    const fullness = this.#backlog.fullnessFor(heldBytes);
    if (fullness === undefined) return this.#backlog.enter(heldBytes);
    const remedy = 'End them with msg.reset, or send fewer.';
    throw BadInput.queueFull('rollouts wait at this node already', fullness, remedy);
  }

  async #run(rollout: Rollout, place: Place | undefined, onStart: () => void): Promise<RolloutEnd> {
    place?.leave();
    try {
      if (!rollout.isEnding) onStart();
      return await rollout.run();
    } finally {
      this.#rollouts.shift();
    }
  }
}
