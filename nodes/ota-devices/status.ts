import type { Node, NodeStatus } from 'node-red';
import type { ServerReadiness } from '../shared/readiness';
import { ReadyStatus } from '../shared/ready-status';
import type { Translate } from '../shared/throttled-status';

/** The line under an `ota-devices`: how many devices are known, or why there are none to be told of. */
export class DevicesStatus {
  readonly #line: ReadyStatus;
  readonly #translate: Translate;
  readonly #readiness: ServerReadiness;
  readonly #book: { readonly size: number } | undefined;
  #isInputBad = false;

  /** @param book undefined where the server is not set up */
  constructor(
    node: Node,
    translate: Translate,
    readiness: ServerReadiness,
    book: { readonly size: number } | undefined,
  ) {
    this.#book = book;
    this.#translate = translate;
    this.#readiness = readiness;
    this.#line = new ReadyStatus(node, readiness, () => this.#shown());
  }

  /** The devices have changed. */
  update(): void {
    this.#line.update();
  }

  /** A message was answered. */
  goodInput(): void {
    this.#isInputBad = false;
    this.#line.update();
  }

  badInput(): void {
    this.#isInputBad = true;
    this.#line.update();
  }

  close(): void {
    this.#line.close();
  }

  #shown(): NodeStatus {
    // As a key as a whole, the editor shows it in its own language.
    if (this.#isInputBad) return { fill: 'red', shape: 'ring', text: 'ota-devices.status.bad_input' };
    if (!this.#book || !this.#readiness.isReady) return this.#readiness.status;
    return { fill: 'green', shape: 'dot', text: this.#translate('devices', { number: String(this.#book.size) }) };
  }
}
