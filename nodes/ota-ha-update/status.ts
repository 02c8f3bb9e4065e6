import type { Node, NodeStatus } from 'node-red';
import type { Entities } from '../../lib/home-assistant/entities';
import type { BadInput } from '../shared/bad-input';
import type { Readiness } from '../shared/readiness';
import { ThrottledStatus, type Translate } from '../shared/throttled-status';

/** The line under an `ota-ha-update`: the devices in progress, or how many are shown to Home Assistant. */
export class HaStatus {
  readonly #status: ThrottledStatus;
  readonly #translate: Translate;
  readonly #readiness: Pick<Readiness, 'isReady' | 'status' | 'watch'>;
  readonly #stopWatching: () => void;
  #entities: Entities | undefined;
  #refused: BadInput['code'] | undefined;
  readonly #show = (): NodeStatus => this.#inProgress() ?? this.#idle();

  constructor(node: Node, translate: Translate, readiness: Pick<Readiness, 'isReady' | 'status' | 'watch'>) {
    this.#status = new ThrottledStatus(node);
    this.#translate = translate;
    this.#readiness = readiness;
    this.#stopWatching = readiness.watch(() => this.#update());
    this.#update();
  }

  /** They have changed. */
  show(entities: Entities | undefined): void {
    this.#entities = entities;
    this.#refused = undefined;
    this.#update();
  }

  /** Nothing has changed. */
  badInput(code: BadInput['code']): void {
    this.#refused = code;
    this.#update();
  }

  #update(): void {
    this.#status.set(this.#show);
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
    this.#stopWatching();
    this.#status.close();
  }
}
