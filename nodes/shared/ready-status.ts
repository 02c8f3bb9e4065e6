import type { Node, NodeStatus } from 'node-red';
import type { ServerReadiness } from './readiness';
import { ThrottledStatus } from './throttled-status';

/** The line under a node that uses an OTA server: shown anew when the node says so, and when the server gets or stops being ready. */
export class ReadyStatus {
  readonly #status: ThrottledStatus;
  readonly #show: () => NodeStatus;
  readonly #stopWatching: () => void;

  /** @param show called when the line is shown, which is later */
  constructor(node: Node, readiness: ServerReadiness, show: () => NodeStatus) {
    this.#status = new ThrottledStatus(node);
    this.#show = show;
    this.#stopWatching = readiness.watch(() => this.update());
    this.update();
  }

  update(): void {
    this.#status.set(this.#show);
  }

  close(): void {
    this.#stopWatching();
    this.#status.close();
  }
}
