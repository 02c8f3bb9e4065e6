import type { Job } from '../push/means';
import type { Outcome, Phase } from '../push/outcome';
import type { PushUnderWay, Sender } from '../sender/sender';

/** The pushes of one node, so that they can be cancelled and end with it. */
export class Pushes {
  readonly #underWay = new Set<PushUnderWay>();
  /** Messages whose sources take their time, each with the targets of the resets that came meanwhile. */
  readonly #readings = new Set<(string | undefined)[]>();
  readonly #cancelledWhileRead = new WeakSet<Job>();
  #isClosed = false;

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

  /** Pushes; once the node is closed, what still comes is cancelled at once. */
  async run(sender: Sender, job: Job, onPhase: (phase: Phase) => void): Promise<Outcome> {
    const push = sender.push(job, onPhase);
    if (this.#isClosed) push.cancel(stopped);
    if (this.#cancelledWhileRead.has(job)) push.cancel(reset);
    this.#underWay.add(push);
    try {
      return await push.outcome;
    } finally {
      this.#underWay.delete(push);
    }
  }

  /** Cancels all of them, or those to one device. */
  cancel(target: string | undefined): void {
    for (const resets of this.#readings) resets.push(target);
    for (const push of this.#underWay) {
      if (target === undefined || push.target === target) push.cancel(reset);
    }
  }

  /** Cancels all of them and resolves when each has ended. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const ends = [...this.#underWay].map((push) => push.outcome);
    for (const push of this.#underWay) push.cancel(stopped);
    await Promise.allSettled(ends);
  }
}

const reset = 'a message with msg.reset asked for it';
const stopped = 'the node was redeployed or stopped';
