import { says } from '../says';
import { Deletions } from './deletions';
import type { EntitiesOptions } from './entities-options';
import type { Entity, PushEvent } from './entity';
import { EntityPublisher } from './entity-publisher';
import { KeptEntities } from './kept-entities';
import { Presses } from './presses';
import type { Release } from './release';
import { Repeats } from './repeats';
import { settledWithin } from './settled-within';
import { Silence } from './silence';
import type { EntityKind } from './topics';

/** Where Home Assistant says that it has started, whatever its discovery prefix. */
const birthTopic = 'homeassistant/status';
const closeTimeoutMs = 300;

/** The entities of all devices: shown to Home Assistant, changed by what is heard of pushes and devices. */
export class Entities {
  readonly #options: EntitiesOptions;
  readonly #kept: KeptEntities;
  readonly #silence: Silence;
  /** Resolves when what was kept is known. */
  readonly #loaded: Promise<void>;
  readonly #publisher: EntityPublisher;
  readonly #presses: Presses;
  readonly #deletions: Deletions;
  readonly #repeats: Repeats;
  readonly #stops: readonly (() => void)[];
  #isLoaded = false;
  #isClosed = false;

  constructor(options: EntitiesOptions) {
    const { topics, broker, devices } = options;
    this.#options = options;
    this.#kept = new KeptEntities(options);
    this.#publisher = new EntityPublisher({
      ...options,
      keepsVersions: devices.keepsVersions,
      isCurrent: (target, entity) => this.#kept.get(target) === entity && !this.#deletions.mayBe(target),
      save: () => this.#kept.save(),
    });
    const endProgress = (target: string) => this.#run(this.#change(target, (entity) => entity.endProgress()));
    this.#silence = new Silence(endProgress, options.silenceMs);
    this.#repeats = new Repeats({
      ...options.rates,
      showAll: () => this.#showAll(),
      showState: (target) => this.#showState(target),
    });
    this.#loaded = this.#load().catch(options.onProblem);
    this.#deletions = new Deletions({
      ...options,
      loaded: this.#loaded,
      entityOf: (target) => this.#kept.get(target),
      hasButton: (entity) => this.#publisher.hasButton(entity),
      onTold: (entity) => {
        entity.record = { ...entity.record, isTold: true };
        this.#run(this.#kept.save());
      },
      onThere: (target) => this.#run(this.#show(target)),
      onDeleted: (kind, target, entity) => this.#hearDeleted(kind, target, entity),
    });
    this.#presses = new Presses({
      ...options,
      loaded: this.#loaded,
      entityOf: (target) => this.#kept.get(target),
      change: (target, change) => this.#change(target, change),
      show: (target) => this.#show(target),
      repeatState: (target) => this.#repeats.state(target),
      showLost: (target, discovery) => this.#publisher.showLost(target, discovery),
    });
    this.#stops = [
      broker.onOnline(() => this.#hearOnline()),
      devices.watch((target) => this.#run(this.#hearDevice(target))),
      ...[...new Set([birthTopic, `${topics.prefix}/status`])].map((topic) =>
        broker.listen(topic, ({ payload }) => says(payload, 'online') && this.#repeats.all()),
      ),
    ];
  }

  /** How many devices have an entity. */
  get size(): number {
    return this.#kept.present.length;
  }

  /** The devices in progress, with their percents; null: not known. */
  get inProgress(): readonly (readonly [target: string, percent: number | null])[] {
    const working = this.#kept.present.filter(([, { isInProgress }]) => isInProgress);
    return working.map(([target, { state }]) => [target, state.update_percentage]);
  }

  /**
   * The devices are offered a release. Resolves when it is on the disk and shown.
   * @param bytes of its files, by their SHA-256
   * @throws Error where it can't be kept: then nothing has changed
   */
  async offer(targets: readonly string[], release: Release, bytes: ReadonlyMap<string, Buffer>): Promise<void> {
    await this.#loaded;
    // They are shown whatever was deleted before: that must not be found out while the disk is still at work.
    const unsure = targets.filter((target) => this.#deletions.mayBe(target));
    for (const target of unsure) this.#deletions.forget(target);
    try {
      await this.#kept.offer(targets, release, bytes);
    } catch (error) {
      this.#deletions.expect(unsure);
      throw error;
    }
    await Promise.all(targets.map((target) => this.#show(target)));
    this.#options.onChange();
  }

  /**
   * The device's entity goes away, with what was retained for it; without one nothing happens.
   * @throws Error while the broker is offline: what is retained would stay for good; or of the disk, as it would come back at the next
   * start
   */
  async remove(target: string): Promise<void> {
    await this.#loaded;
    const { broker, onChange } = this.#options;
    if (!broker.isOnline)
      throw new Error(`The entity of ${target} stays: the broker is offline. Remove it again later.`);
    const entity = this.#kept.get(target);
    await this.#kept.remove(target);
    this.#silence.end(target);
    this.#deletions.forget(target);
    await this.#publisher.clear(target, entity?.record.shownUnder);
    onChange();
  }

  /** What a push tells of itself. */
  async hearPush(news: PushEvent): Promise<void> {
    await this.#loaded;
    await this.#change(news.target, (entity) => entity.hearPush(news));
  }

  /**
   * No entity is in progress from now on: its end would not be heard any more. It is sent before this returns: the broker's
   * connection may be closed next.
   */
  endProgress(): void {
    this.#isClosed = true;
    for (const [target] of this.inProgress) this.#run(this.#change(target, (entity) => entity.endProgress()));
  }

  /** No entity stays in progress, and nothing is heard any more. */
  async close(): Promise<void> {
    this.endProgress();
    this.#stop();
    // A broker that is being left may not answer any more.
    await settledWithin(closeTimeoutMs, this.#repeats.close());
    await this.#options.store.settled();
  }

  /**
   * The same, and all that the broker keeps for the devices goes away. It is sent before this returns, where what is on
   * the disk is known by then: the broker's connection may be closed next.
   * @returns the devices for which something stays
   */
  async clear(): Promise<readonly string[]> {
    if (!this.#isLoaded) await this.#loaded;
    this.#stop();
    this.#run(this.#repeats.close());
    this.#silence.endAll();
    const shown = this.#kept.present.filter(([, { record }]) => record.shownUnder !== undefined);
    const staying = await this.#publisher.clearAll(shown);
    await this.#options.store.settled();
    return staying;
  }

  #stop(): void {
    this.#isClosed = true;
    for (const stop of this.#stops) stop();
    this.#presses.close();
    this.#deletions.close();
  }

  async #load(): Promise<void> {
    await this.#kept.load();
    this.#isLoaded = true;
    const told = this.#kept.present.filter(([, { record }]) => record.isTold && this.#publisher.isInPlace(record));
    this.#deletions.expect(told.map(([target]) => target));
    if (!this.#isClosed) this.#run(this.#showAll());
  }

  async #hearDeleted(kind: EntityKind, target: string, entity: Entity): Promise<void> {
    await this.#change(target, () => {
      entity.record = { ...entity.record, ...(kind === 'update' ? { isDeleted: true } : { isButtonDeleted: true }) };
    });
    await this.#kept.save();
    // A release that has come meanwhile is shown.
    const { isDeleted, isButtonDeleted } = entity.record;
    const isDeletedStill = kind === 'update' ? isDeleted : isButtonDeleted;
    if (!isDeletedStill || this.#kept.get(target) !== entity) return;
    if (kind === 'button') return this.#publisher.clearButton(target, entity);
    entity.atBroker.clear(); // what goes with it is cleared by us
    await this.#publisher.clear(target, entity.record.shownUnder);
    this.#options.onDeleted(target);
  }

  /** Something has changed of a device, by any push or its own word. */
  async #hearDevice(target: string): Promise<void> {
    await this.#loaded;
    if (this.#apply(target, (entity) => this.#kept.look(target, entity))) this.#repeats.state(target);
  }

  /** The broker is there: what was shown before it went may be lost. */
  #hearOnline(): void {
    this.#repeats.onOnline();
    this.#run(this.#showAll());
  }

  /** What goes wrong on the way is a problem, and nobody's rejection. */
  #run(work: Promise<unknown>): void {
    work.catch(this.#options.onProblem);
  }

  /** Changes an entity, and shows it where it is another one then. */
  async #change(target: string, change: (entity: Entity) => void): Promise<void> {
    if (this.#apply(target, change)) await this.#showState(target);
    this.#options.onChange();
  }

  /** @returns whether there is another state to be shown */
  #apply(target: string, change: (entity: Entity) => void): boolean {
    const entity = this.#kept.get(target);
    if (!entity) return false;
    const { progress } = entity;
    const before = asShown(entity);
    change(entity);
    if (this.#isClosed || entity.record.isDeleted) entity.endProgress();
    // Only news of the update itself is a sign of life of its sender.
    const isSignOfLife = entity.progress !== progress;
    if (isSignOfLife && entity.isInProgress) this.#silence.hear(target);
    else if (isSignOfLife) this.#silence.end(target);
    return asShown(entity) !== before;
  }

  async #showAll(): Promise<void> {
    this.#options.onChange();
    await Promise.all(this.#kept.targets.map((target) => this.#show(target)));
  }

  async #showState(target: string): Promise<void> {
    const entity = this.#kept.get(target);
    if (entity) await this.#publisher.showState(target, entity);
  }

  async #show(target: string): Promise<void> {
    const entity = this.#kept.get(target);
    if (entity) await this.#publisher.show(target, entity);
  }
}

/** All that is shown of how it does. */
function asShown({ state, previous }: Entity): string {
  return JSON.stringify([state, previous !== undefined]);
}
