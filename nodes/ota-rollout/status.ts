import type { Node, NodeStatus } from 'node-red';
import type { Rollout, RolloutEnd } from '../../lib/rollout/rollout';
import type { Counts } from '../../lib/rollout/tally';
import { ThrottledStatus, type Translate } from '../shared/throttled-status';
import type { RolloutQueue } from './rollout-queue';

/** The line under an `ota-rollout`: how far the rollout under way is and how many wait, or how the last one ended. */
export class RolloutStatus {
  readonly #status: ThrottledStatus;
  readonly #translate: Translate;

  constructor(node: Node, translate: Translate) {
    this.#status = new ThrottledStatus(node);
    this.#translate = translate;
  }

  working({ underWay, waiting }: RolloutQueue): void {
    if (underWay) this.#status.set(() => this.#working(underWay, waiting));
  }

  end(end: RolloutEnd, counts: Counts): void {
    const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
    const updated = counts.success + counts.unchanged;
    const isGood = end === 'complete' && updated === total;
    const text = this.#translate(end, { updated: String(updated), total: String(total) });
    this.#status.set(() => (isGood ? { fill: 'green', shape: 'dot', text } : { fill: 'red', shape: 'ring', text }));
  }

  /** Nothing was started; what is under way is worth more. */
  badInput(rollouts: RolloutQueue): void {
    if (!rollouts.underWay)
      this.#status.set(() => ({ fill: 'red', shape: 'ring', text: this.#translate('bad_input') }));
  }

  close(): void {
    this.#status.close();
  }

  #working({ wave, waves, ended, total, isPaused }: Rollout, waiting: number): NodeStatus {
    const values = { wave: String(wave), waves: String(waves), ended: String(ended), total: String(total) };
    const texts = [this.#translate(isPaused ? 'paused' : 'running', values)];
    if (waiting > 0) texts.push(this.#translate('waiting', { number: String(waiting) }));
    return { fill: isPaused ? 'yellow' : 'blue', shape: isPaused ? 'ring' : 'dot', text: texts.join(', ') };
  }
}
