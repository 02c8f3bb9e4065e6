import type { Node, NodeStatus } from 'node-red';
import type { Rollout, RolloutEnd } from '../fleet/rollout';
import type { Counts } from '../fleet/tally';
import { CalmStatus, type Translate } from './calm-status';
import type { Rollouts } from './rollouts';

/** The line under an `ota-rollout`: how far the rollout under way is and how many wait, or how the last one ended. */
export class RolloutStatus {
  readonly #status: CalmStatus;
  readonly #translate: Translate;

  constructor(node: Node, translate: Translate) {
    this.#status = new CalmStatus(node);
    this.#translate = translate;
  }

  working({ underWay, waiting }: Rollouts): void {
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
  badInput(rollouts: Rollouts): void {
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
