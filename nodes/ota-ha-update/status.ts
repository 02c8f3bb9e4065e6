import type { Node } from 'node-red';
import type { Entities } from '../../lib/home-assistant/entities';
import { ThrottledStatus, type Translate } from '../shared/throttled-status';

/** The line under an `ota-ha-update`: the devices in progress, or how many are shown to Home Assistant. */
export class HaStatus {
  readonly #status: ThrottledStatus;
  readonly #translate: Translate;

  constructor(node: Node, translate: Translate) {
    this.#status = new ThrottledStatus(node);
    this.#translate = translate;
  }

  show(entities: Entities | undefined): void {
    if (!entities) return;
    this.#status.set(() => {
      const { inProgress, size } = entities;
      const [first] = inProgress;
      if (!first) return { fill: 'green', shape: 'dot', text: this.#translate('devices', { number: String(size) }) };
      const [target, percent] = first;
      const one = percent === null ? target : `${target}: ${percent} %`;
      const text = inProgress.length === 1 ? one : this.#translate('several', { number: String(inProgress.length) });
      return { fill: 'blue', shape: 'dot', text };
    });
  }

  /** Nothing has changed. */
  badInput(): void {
    this.#status.set(() => ({ fill: 'red', shape: 'ring', text: this.#translate('bad_input') }));
  }

  close(): void {
    this.#status.close();
  }
}
