import type { HaBroker } from './broker';
import { type Availability, buttonDiscoveryOf, discoveryOf, withSummary } from './discovery';
import type { Entity } from './entity';
import type { EntityRecord } from './release';
import { settledWithin } from './settled-within';
import { availabilityTopic, buttonTopics, discoveryTopic, type HaTopics, retainedTopics, stateTopic } from './topics';

export interface EntityPublisherOptions {
  readonly topics: HaTopics;
  readonly broker: HaBroker;
  /** What an entity whose release is lost says of itself, in its dialog: at most 255 characters. */
  readonly lostSummary: string;
  /** The name of the button that goes back, for people. */
  readonly buttonName: string;
  /** Whether there is ever anything to go back to. */
  readonly keepsVersions: boolean;
  /** Whether it is still an entity of this device: it may have gone away while something else was waited for. */
  readonly isCurrent: (target: string, entity: Entity) => boolean;
  /** Keeps what has changed in records; never rejects. */
  readonly save: () => Promise<void>;
  /** Called when the broker did not take something. */
  readonly onProblem: (error: Error) => void;
}

/** Node-RED gives a node that is closed 15 seconds. */
const clearTimeoutMs = 5000;

/** Shows entities to Home Assistant, and takes them away: all that the broker keeps for a device is published here. */
export class EntityPublisher {
  readonly #options: EntityPublisherOptions;
  /** What the broker was told last of an entity's button: whether it can be pressed, or that there is none. */
  readonly #toldOfButton = new WeakMap<Entity, Availability | 'none'>();
  #isCleared = false;

  constructor(options: EntityPublisherOptions) {
    this.#options = options;
  }

  /** Where the entity is, and how it does. */
  async show(target: string, entity: Entity): Promise<void> {
    if (!this.#isShown(target, entity)) return;
    const { topics, lostSummary } = this.#options;
    await this.#moveIn(target, entity);
    const discovery = discoveryOf(topics, target, entity.record.release);
    if (this.#isShown(target, entity))
      await this.#showDiscovery(target, entity.isLost ? withSummary(discovery, lostSummary) : discovery);
    await this.#showButton(target, entity);
    await this.showState(target, entity);
  }

  /** What is retained never says "in progress": should we die, nobody would take it back. */
  async showState(target: string, entity: Entity): Promise<void> {
    const { state } = entity;
    if (!this.#isShown(target, entity)) return;
    const { topics } = this.#options;
    const isOther = this.hasButton(entity) && this.#toldOfButton.get(entity) !== availabilityOf(entity);
    // Both at once: a state that waited could be sent after a newer one.
    await Promise.all([
      isOther && this.#showAvailability(target, entity),
      this.#publish(stateTopic(topics, target), JSON.stringify(state), !state.in_progress),
    ]);
  }

  /** That the release of a device is lost which has no entity here. @param discovery its message as the broker keeps it */
  showLost(target: string, discovery: object): Promise<void> {
    return this.#showDiscovery(target, withSummary(discovery, this.#options.lostSummary));
  }

  /** Whether it was shown last under the topics that there are now. */
  isInPlace({ shownUnder }: EntityRecord): boolean {
    const { topics } = this.#options;
    return shownUnder?.prefix === topics.prefix && shownUnder.base === topics.base;
  }

  /** Whether it is shown with a button, which may be one that can't be pressed. */
  hasButton(entity: Entity): boolean {
    return this.#options.keepsVersions && entity.canGoBack;
  }

  /** Nobody is told any more that there is a button. */
  async clearButton(target: string, entity: Entity): Promise<void> {
    const { topics, broker, onProblem } = this.#options;
    entity.atBroker.delete('button'); // it is we who clear it
    this.#toldOfButton.delete(entity);
    if (!broker.isOnline) return;
    try {
      await Promise.all(buttonTopics(topics, target).map((topic) => broker.publish(topic, '', true)));
      // It may be shown again meanwhile.
      if (!this.#toldOfButton.has(entity)) this.#toldOfButton.set(entity, 'none');
    } catch (error) {
      onProblem(error as Error);
    }
  }

  /**
   * All of it is sent before this returns: what is shown later stays.
   * @param shownUnder where it was shown last; undefined: not known
   */
  async clear(target: string, shownUnder: HaTopics | undefined): Promise<void> {
    await Promise.all(this.#placesOf(target, shownUnder).map((topic) => this.#publish(topic, '')));
  }

  /**
   * Nothing is shown from now on, and what the broker keeps for these goes away. It is sent before this returns.
   * @returns the devices for which something stays
   */
  async clearAll(entities: readonly (readonly [target: string, entity: Entity])[]): Promise<readonly string[]> {
    this.#isCleared = true;
    const { broker } = this.#options;
    const staying = new Set(entities.map(([target]) => target));
    if (!broker.isOnline) return [...staying];
    const clear = async (target: string, { record }: Entity) => {
      await Promise.all(this.#placesOf(target, record.shownUnder).map((topic) => broker.publish(topic, '', true)));
      staying.delete(target);
    };
    await settledWithin(clearTimeoutMs, Promise.allSettled(entities.map((one) => clear(...one))));
    return [...staying];
  }

  #showDiscovery(target: string, discovery: object): Promise<void> {
    return this.#publish(discoveryTopic(this.#options.topics, target), JSON.stringify(discovery));
  }

  /** The button that goes back, and whether it can be pressed. */
  async #showButton(target: string, entity: Entity): Promise<void> {
    if (!this.#isShown(target, entity)) return;
    if (!this.hasButton(entity)) {
      // Once: a thousand devices would clear two thousand topics each time that all is shown.
      if (this.#toldOfButton.get(entity) !== 'none') await this.clearButton(target, entity);
      return;
    }
    const { topics, buttonName } = this.#options;
    const discovery = buttonDiscoveryOf(topics, target, buttonName);
    await this.#publish(discoveryTopic(topics, target, 'button'), JSON.stringify(discovery));
    if (this.#isShown(target, entity)) await this.#showAvailability(target, entity);
  }

  #showAvailability(target: string, entity: Entity): Promise<void> {
    const availability = availabilityOf(entity);
    this.#toldOfButton.set(entity, availability);
    return this.#publish(availabilityTopic(this.#options.topics, target), availability);
  }

  /** What was shown under other topics goes away. Where it is shown now is known on the disk before it is shown. */
  async #moveIn(target: string, entity: Entity): Promise<void> {
    const { topics, broker, save, onProblem } = this.#options;
    const { shownUnder } = entity.record;
    if (!broker.isOnline || this.isInPlace(entity.record)) return;
    try {
      const ours = retainedTopics(topics, target);
      const old = this.#placesOf(target, shownUnder).filter((topic) => !ours.includes(topic));
      await Promise.all(old.map((topic) => broker.publish(topic, '', true)));
      // Of its message under these topics the broker has told nothing yet.
      entity.record = { ...entity.record, shownUnder: topics, isTold: undefined };
      await save();
    } catch (error) {
      onProblem(error as Error); // It is tried again when the broker is online again.
    }
  }

  /** Where the broker may keep what it was sent for a device. */
  #placesOf(target: string, shownUnder: HaTopics | undefined): readonly string[] {
    const { topics } = this.#options;
    return [...new Set([topics, shownUnder ?? topics].flatMap((one) => retainedTopics(one, target)))];
  }

  #isShown(target: string, entity: Entity): boolean {
    return !this.#isCleared && !entity.record.isDeleted && this.#options.isCurrent(target, entity);
  }

  #publish(topic: string, payload: string, retain = true): Promise<void> {
    return this.#options.broker.publish(topic, payload, retain).catch(this.#options.onProblem);
  }
}

function availabilityOf({ previous }: Entity): Availability {
  return previous === undefined ? 'offline' : 'online';
}
