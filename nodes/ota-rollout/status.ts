import type { Node, NodeStatus } from 'node-red';
import type { RolloutEnd } from '../../lib/rollout/rollout';
import type { Counts } from '../../lib/rollout/tally';
import type { BadInput } from '../shared/bad-input';
import type { Readiness } from '../shared/readiness';
import { ThrottledStatus, type Translate } from '../shared/throttled-status';
import type { RolloutQueue } from './rollout-queue';

/** The line under an `ota-rollout`: how far the rollout under way is and how many wait, or how the last one ended. */
export class RolloutStatus {
  readonly #status: ThrottledStatus;
  readonly #translate: Translate;
  readonly #readiness: Pick<Readiness, 'isReady' | 'status' | 'watch'>;
  readonly #stopWatching: () => void;
  #rollouts: RolloutQueue | undefined;
  /** How the last one has ended, or that nothing was started. */
  #last: NodeStatus | undefined;
  readonly #show = (): NodeStatus => this.#working() ?? this.#idle();

  constructor(node: Node, translate: Translate, readiness: Pick<Readiness, 'isReady' | 'status' | 'watch'>) {
    this.#status = new ThrottledStatus(node);
    this.#translate = translate;
    this.#readiness = readiness;
    this.#stopWatching = readiness.watch(() => this.#update());
    this.#update();
  }

  /** One is under way, or has moved on. */
  working(rollouts: RolloutQueue): void {
    this.#rollouts = rollouts;
    this.#update();
  }

  end(end: RolloutEnd, counts: Counts): void {
    const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
    const updated = counts.success + counts.unchanged;
    const isGood = end === 'complete' && updated === total;
    const text = this.#translate(end, { updated: String(updated), total: String(total) });
    this.#last = isGood ? { fill: 'green', shape: 'dot', text } : { fill: 'red', shape: 'ring', text };
    this.#update();
  }

  /** Nothing was started. As a key as a whole, the editor shows it in its own language. */
  badInput(code: BadInput['code']): void {
    this.#last = { fill: 'red', shape: 'ring', text: `ota-rollout.status.${code}` };
    this.#update();
  }

  close(): void {
    this.#stopWatching();
    this.#status.close();
  }

  #update(): void {
    this.#status.set(this.#show);
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
