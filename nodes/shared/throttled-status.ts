import type { Node, NodeStatus } from 'node-red';

/** Translates a key of a node's catalogue. */
export type Translate = (key: string, values?: Record<string, string>) => string;

/** A thousand pushes a second would bury the editor in statuses: at most one in this time, the last one always. */
const leastMsBetween = 200;

/** A node's status that is shown only so often. */
export class ThrottledStatus {
  readonly #node: Node;
  #next: (() => NodeStatus) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #shownAt = -leastMsBetween;
  #isClosed = false;

  constructor(node: Node) {
    this.#node = node;
  }

  /** @param status is made only when it is shown */
  set(status: () => NodeStatus): void {
    this.#next = status;
    if (this.#isClosed) return;
    this.#timer ??= setTimeout(() => this.#show(), Math.max(0, this.#shownAt + leastMsBetween - performance.now()));
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#isClosed = true;
  }

  #show(): void {
    this.#timer = undefined;
    this.#shownAt = performance.now();
    if (this.#next) this.#node.status(this.#next());
  }
}
