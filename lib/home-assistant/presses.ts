import type { InboundMessage } from '../push/services';
import { readPress } from './discovery';
import type { EntitiesOptions } from './entities-options';
import type { Entity } from './entity';
import { commandTopic, stateTopic, targetOf } from './topics';
import { UnansweredPresses } from './unanswered-presses';

const answerTimeoutMs = 5000;
/** Nobody means more than one press of the same device's buttons in this time. */
const pressesEveryMs = 1000;

export interface PressesOptions extends EntitiesOptions {
  /** Resolves when it is known which devices have entities. */
  readonly loaded: Promise<void>;
  readonly entityOf: (target: string) => Entity | undefined;
  /** Changes an entity, and shows it where it is another one then. */
  readonly change: (target: string, change: (entity: Entity) => void) => Promise<void>;
  readonly show: (target: string) => Promise<void>;
  /** Shows its state again, however often it is asked for. */
  readonly repeatState: (target: string) => void;
  /** Says that the release of a device is lost which has no entity here. */
  readonly showLost: (target: string, discovery: object) => Promise<void>;
}

/** What is pressed in Home Assistant: Install, and the button that goes back to the version before. */
export class Presses {
  readonly #options: PressesOptions;
  readonly #unanswered: UnansweredPresses;
  readonly #stops: readonly (() => void)[];
  #isClosed = false;

  /** It listens at once, not when all is loaded: a press that nobody hears is lost. */
  constructor(options: PressesOptions) {
    const { topics, broker, answerMs = answerTimeoutMs } = options;
    this.#options = options;
    this.#unanswered = new UnansweredPresses({
      topics,
      broker,
      answerMs,
      onUnanswered: (target, discovery) => this.#run(this.#hearUnanswered(target, discovery)),
    });
    this.#stops = [
      broker.listen(commandTopic(topics, '+'), (message) => this.#run(this.#hearCommand(message))),
      broker.listen(stateTopic(topics, '+'), (message) => this.#run(this.#hearState(message))),
    ];
  }

  close(): void {
    this.#isClosed = true;
    for (const stop of this.#stops) stop();
    this.#unanswered.close();
  }

  /** A retained command was given to somebody before us. */
  async #hearCommand({ topic, payload, maybeStale }: InboundMessage): Promise<void> {
    const { loaded, topics, entityOf, repeatState, broker } = this.#options;
    await loaded;
    const target = targetOf(topics, topic);
    const press = readPress(payload);
    // Kept, it would be pressed again at the next connect.
    if (!this.#isClosed && press) broker.forget(topic);
    if (this.#isClosed || target === undefined || maybeStale || !press) return;
    const entity = entityOf(target);
    if (!entity) this.#unanswered.hear(target);
    // A press that nobody has answered yet counts once, however often it comes. Others who hear it wait for a word of ours.
    else if (entity.isPressed || performance.now() - entity.pressedAt < pressesEveryMs) repeatState(target);
    else if (!entity.record.isDeleted) {
      await (press === 'install' ? this.#install(target, entity) : this.#goBack(target, entity));
    }
  }

  async #install(target: string, entity: Entity): Promise<void> {
    const { onInstall, onLost, change, show } = this.#options;
    const { release } = entity.record;
    this.#press(target);
    const wasLost = entity.isLost;
    try {
      await onInstall(target, release);
      entity.isLost = false;
    } catch (error) {
      onLost(target, error as Error);
      // The bytes of a release go when a newer one comes: that one is there.
      entity.isLost = entity.record.release === release;
      await change(target, () => entity.endProgress());
    }
    if (entity.isLost !== wasLost) await show(target);
  }

  async #goBack(target: string, entity: Entity): Promise<void> {
    const { onPrevious, onPreviousLost, change, repeatState } = this.#options;
    const { previous } = entity;
    if (!previous) return repeatState(target);
    this.#press(target);
    try {
      await onPrevious(target, previous);
    } catch (error) {
      onPreviousLost(target, error as Error);
      await change(target, () => entity.endProgress());
    }
  }

  #press(target: string): void {
    this.#run(this.#options.change(target, (entity) => entity.press(performance.now())));
  }

  /** Nobody knows its release, and it says so, until somebody who knows one shows it again. */
  async #hearUnanswered(target: string, discovery: object): Promise<void> {
    const { entityOf, onLost, showLost } = this.#options;
    if (entityOf(target)) return;
    onLost(target);
    await showLost(target, discovery);
  }

  async #hearState({ topic, maybeStale }: InboundMessage): Promise<void> {
    const { loaded, topics } = this.#options;
    await loaded;
    const target = targetOf(topics, topic);
    if (target !== undefined && !maybeStale) this.#unanswered.answered(target);
  }

  /** What goes wrong on the way is a problem, and nobody's rejection. */
  #run(work: Promise<unknown>): void {
    work.catch(this.#options.onProblem);
  }
}
