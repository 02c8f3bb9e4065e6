import type { Node, NodeStatus } from 'node-red';
import type { Entities } from '../../lib/home-assistant/entities';
import type { BadInput } from '../shared/bad-input';
import type { ServerReadiness } from '../shared/readiness';
import { ReadyStatus } from '../shared/ready-status';
import type { Translate } from '../shared/throttled-status';

/** The line under an `ota-ha-update`: the devices in progress, or how many are shown to Home Assistant. */
export class HaStatus {
  readonly #line: ReadyStatus;
  readonly #translate: Translate;
  readonly #readiness: ServerReadiness;
  #entities: Entities | undefined;
  #refused: BadInput['code'] | undefined;

  constructor(node: Node, translate: Translate, readiness: ServerReadiness) {
    this.#translate = translate;
    this.#readiness = readiness;
    this.#line = new ReadyStatus(node, readiness, () => this.#inProgress() ?? this.#idle());
  }

  /** They have changed. */
  show(entities: Entities | undefined): void {
    this.#entities = entities;
    this.#refused = undefined;
    this.#line.update();
  }

  /** Nothing has changed. */
  badInput(code: BadInput['code']): void {
    this.#refused = code;
    this.#line.update();
  }

  #inProgress(): NodeStatus | undefined {
    const { inProgress = [] } = this.#entities ?? {};
    const [first] = inProgress;
    if (!first) return undefined;
    const [target, percent] = first;
    const one = percent === null ? target : `${target}: ${percent} %`;
    const text = inProgress.length === 1 ? one : this.#translate('several', { number: String(inProgress.length) });
    return { fill: 'blue', shape: 'dot', text };
  }

  #idle(): NodeStatus {
    // As a key as a whole, the editor shows it in its own language.
    if (this.#refused) return { fill: 'red', shape: 'ring', text: `ota-ha-update.status.${this.#refused}` };
    if (!this.#entities || !this.#readiness.isReady) return this.#readiness.status;
    return { fill: 'green', shape: 'dot', text: this.#translate('devices', { number: String(this.#entities.size) }) };
  }

  close(): void {
    this.#line.close();
  }
}
