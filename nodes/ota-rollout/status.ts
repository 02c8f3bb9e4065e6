import type { Node, NodeStatus } from 'node-red';
import type { RolloutEnd } from '../../lib/rollout/rollout';
import type { Counts } from '../../lib/rollout/tally';
import type { BadInput } from '../shared/bad-input';
import type { ServerReadiness } from '../shared/readiness';
import { ReadyStatus } from '../shared/ready-status';
import type { Translate } from '../shared/throttled-status';
import type { RolloutQueue } from './rollout-queue';

/** The line under an `ota-rollout`: how far the rollout under way is and how many wait, or how the last one ended. */
export class RolloutStatus {
  readonly #line: ReadyStatus;
  readonly #translate: Translate;
  readonly #readiness: ServerReadiness;
  #rollouts: RolloutQueue | undefined;
  /** How the last one has ended, or that nothing was started. */
  #last: NodeStatus | undefined;

  constructor(node: Node, translate: Translate, readiness: ServerReadiness) {
    this.#translate = translate;
    this.#readiness = readiness;
    this.#line = new ReadyStatus(node, readiness, () => this.#working() ?? this.#idle());
  }

  /** One is under way, or has moved on. */
  working(rollouts: RolloutQueue): void {
    this.#rollouts = rollouts;
    this.#line.update();
  }

  end(end: RolloutEnd, counts: Counts): void {
    const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
    const updated = counts.success + counts.unchanged;
    const isGood = end === 'complete' && updated === total;
    const text = this.#translate(end, { updated: String(updated), total: String(total) });
    this.#last = isGood ? { fill: 'green', shape: 'dot', text } : { fill: 'red', shape: 'ring', text };
    this.#line.update();
  }

  /** Nothing was started. As a key as a whole, the editor shows it in its own language. */
  badInput(code: BadInput['code']): void {
    this.#last = { fill: 'red', shape: 'ring', text: `ota-rollout.status.${code}` };
    this.#line.update();
  }

  close(): void {
    this.#line.close();
  }

  #working(): NodeStatus | undefined {
    const { underWay, waiting = 0 } = this.#rollouts ?? {};
    if (!underWay) return undefined;
    const { wave, waves, ended, failures, total, isPaused } = underWay;
    const values = { wave: String(wave), waves: String(waves), ended: String(ended), total: String(total) };
    const texts = [this.#translate(isPaused ? 'paused' : 'running', values)];
    if (failures > 0) texts.push(this.#translate('failures', { number: String(failures) }));
    if (waiting > 0) texts.push(this.#translate('waiting', { number: String(waiting) }));
    return { fill: isPaused ? 'yellow' : 'blue', shape: isPaused ? 'ring' : 'dot', text: texts.join(', ') };
  }

  #idle(): NodeStatus {
    const last = this.#last;
    // A success does not hide that the next rollout would fail.
    return last && (last.fill === 'red' || this.#readiness.isReady) ? last : this.#readiness.status;
  }
}
