import type { Node, NodeStatus } from 'node-red';
import type { Job } from '../push/means';
import type { Doing, Outcome, Result } from '../push/outcome';

/** Translates a key of this node's catalogue. */
export type Translate = (key: string, values?: Record<string, string>) => string;

/** A thousand pushes a second would bury the editor in statuses: at most one in this time, the last one always. */
const leastMsBetween = 200;

const shapeOf: Record<Result, Pick<NodeStatus, 'fill' | 'shape'>> = {
  success: { fill: 'green', shape: 'dot' },
  unchanged: { fill: 'green', shape: 'dot' },
  timeout: { fill: 'red', shape: 'ring' },
  failed: { fill: 'red', shape: 'ring' },
  cancelled: { fill: 'red', shape: 'ring' },
};

/** The line under a node: what it does now, for which device, and how the last push ended. */
export class StatusLine {
  readonly #node: Node;
  readonly #translate: Translate;
  /** The pushes under way by id, and whether each waits for its turn or for the broker. */
  readonly #isWaiting = new Map<string, boolean>();
  #ended = 0;
  #next: (() => NodeStatus) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #shownAt = -leastMsBetween;
  #isClosed = false;

  constructor(node: Node, translate: Translate) {
    this.#node = node;
    this.#translate = translate;
  }

  phase([job]: readonly Job[], doing: Doing, isWaiting: boolean): void {
    if (!job) return;
    const { id, target } = job;
    this.#isWaiting.set(id, isWaiting);
    this.#set(() => this.#working(target, isWaiting ? `${doing}-waiting` : doing));
  }

  end({ id, target, result, code, verified }: Outcome): void {
    this.#isWaiting.delete(id);
    this.#ended += 1;
    if (this.#isWaiting.size > 0) {
      this.#set(() => this.#working(target, 'transfer'));
      return;
    }
    this.#ended = 0;
    this.#set(() => ({
      ...shapeOf[result],
      text: `${target}: ${this.#translate(code ?? (result === 'unchanged' ? result : (verified ?? result)))}`,
    }));
  }

  /** Nothing was started, or nothing can be. */
  problem(key: string): void {
    this.#set(() => ({ fill: 'red', shape: 'ring', text: this.#translate(key) }));
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#isClosed = true;
  }

  #working(target: string, key: string): NodeStatus {
    const total = this.#ended + this.#isWaiting.size;
    const isOneOfSeveral = total > 1;
    const values = { number: String(Math.min(this.#ended + 1, total)), total: String(total) };
    const allWait = ![...this.#isWaiting.values()].includes(false);
    return {
      fill: allWait ? 'yellow' : 'blue',
      shape: allWait ? 'ring' : 'dot',
      text: `${target}: ${isOneOfSeveral ? this.#translate('several', values) : this.#translate(key)}`,
    };
  }

  #set(status: () => NodeStatus): void {
    this.#next = status;
    if (this.#isClosed) return;
    this.#timer ??= setTimeout(() => this.#show(), this.#shownAt + leastMsBetween - performance.now());
  }

  #show(): void {
    this.#timer = undefined;
    this.#shownAt = performance.now();
    if (this.#next) this.#node.status(this.#next());
  }
}
