import type { Node, NodeStatus } from 'node-red';
import type { Job } from '../../lib/push/job';
import type { Outcome, Result } from '../../lib/push/outcome';
import type { PushActivity } from '../../lib/push/state';
import { ThrottledStatus, type Translate } from '../shared/throttled-status';

const shapeOf: Record<Result, Pick<NodeStatus, 'fill' | 'shape'>> = {
  success: { fill: 'green', shape: 'dot' },
  unchanged: { fill: 'green', shape: 'dot' },
  timeout: { fill: 'red', shape: 'ring' },
  failed: { fill: 'red', shape: 'ring' },
  cancelled: { fill: 'red', shape: 'ring' },
};

/** The line under a node: what it does now, for which device, and how the last push ended. */
export class StatusLine {
  readonly #status: ThrottledStatus;
  readonly #translate: Translate;
  /** The pushes under way by id, and whether each waits for its turn or for the broker. */
  readonly #isWaiting = new Map<string, boolean>();
  #ended = 0;
  /** The last phase, for the next status that is shown. */
  #target = '';
  #key = '';
  readonly #working = (): NodeStatus => this.#show();

  constructor(node: Node, translate: Translate) {
    this.#status = new ThrottledStatus(node);
    this.#translate = translate;
  }

  phase([job]: readonly Job[], doing: PushActivity, isWaiting: boolean): void {
    if (!job) return;
    const { id, target } = job;
    this.#isWaiting.set(id, isWaiting);
    this.#work(target, isWaiting ? `${doing}-waiting` : doing);
  }

  end({ id, target, result, code, verified }: Outcome): void {
    this.#isWaiting.delete(id);
    this.#ended += 1;
    if (this.#isWaiting.size > 0) {
      this.#work(target, 'transfer');
      return;
    }
    this.#ended = 0;
    this.#status.set(() => ({
      ...shapeOf[result],
      text: `${target}: ${this.#translate(code ?? (result === 'unchanged' ? result : (verified ?? result)))}`,
    }));
  }

  /** It has come to no end. */
  forget([job]: readonly Job[]): void {
    if (job) this.#isWaiting.delete(job.id);
  }

  /** Nothing was started, or nothing can be. */
  problem(key: string): void {
    this.#status.set(() => ({ fill: 'red', shape: 'ring', text: this.#translate(key) }));
  }

  close(): void {
    this.#status.close();
  }

  #work(target: string, key: string): void {
    this.#target = target;
    this.#key = key;
    this.#status.set(this.#working);
  }

  #show(): NodeStatus {
    const total = this.#ended + this.#isWaiting.size;
    const isOneOfSeveral = total > 1;
    const values = { number: String(Math.min(this.#ended + 1, total)), total: String(total) };
    const allWait = ![...this.#isWaiting.values()].includes(false);
    return {
      fill: allWait ? 'yellow' : 'blue',
      shape: allWait ? 'ring' : 'dot',
      text: `${this.#target}: ${isOneOfSeveral ? this.#translate('several', values) : this.#translate(this.#key)}`,
    };
  }
}
