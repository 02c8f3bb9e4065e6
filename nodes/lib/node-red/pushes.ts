import type { Job } from '../push/means';
import type { Outcome, Phase } from '../push/outcome';
import type { PushUnderWay, Sender } from '../sender/sender';

/** The pushes of one node, so that they can be cancelled and end with it. */
export class Pushes {
  readonly #underWay = new Set<PushUnderWay>();
  #isClosed = false;

  /** Pushes; once the node is closed, what still comes is cancelled at once. */
  async run(sender: Sender, job: Job, onPhase: (phase: Phase) => void): Promise<Outcome> {
    const push = sender.push(job, onPhase);
    if (this.#isClosed) push.cancel(stopped);
    this.#underWay.add(push);
    try {
      return await push.outcome;
    } finally {
      this.#underWay.delete(push);
    }
  }

  /** Cancels all of them, or those to one device. */
  cancel(target: string | undefined): void {
    for (const push of this.#underWay) {
      if (target === undefined || push.target === target) push.cancel('a message with msg.reset asked for it');
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

const stopped = 'the node was redeployed or stopped';
