import type { Report } from '../protocol/report';
import type { InboundMessage } from '../push/services';
import {
  commandTopic,
  discoveryOf,
  discoveryTopic,
  type HaTopics,
  installPayload,
  stateTopic,
  targetOf,
} from './discovery';
import { Entity, type PushEvent } from './entity';
import { type DeviceRecord, type Release, withRelease } from './release';
import type { ReleaseStore } from './store';

/** The broker as Home Assistant's entities need it. */
export interface HaBroker {
  readonly isOnline: boolean;
  /** QoS 1; resolves when the broker has it. Nothing is sent while it is offline. */
  publish(topic: string, payload: string, retain: boolean): Promise<void>;
  listen(topic: string, onMessage: (message: InboundMessage) => void): () => void;
  /** Told each time that it comes online, until the returned function is called. */
  onOnline(listener: () => void): () => void;
}

/** What devices say themselves. */
export interface HomeReports {
  lastReportOf(target: string): Report | undefined;
  watchReports(onReport: (target: string, report: Report, maybeStale: boolean) => void): () => void;
}

export interface EntitiesOptions {
  readonly topics: HaTopics;
  readonly broker: HaBroker;
  readonly reports: HomeReports;
  readonly store: ReleaseStore;
  /** Told when somebody presses Install. Where it rejects nothing is in progress. */
  readonly onInstall: (target: string, release: Release) => Promise<void>;
  readonly onChange: () => void;
  /** How long nothing may be heard of an update that is under way. */
  readonly silenceMs?: number;
  /** Told when something could not be kept. */
  readonly onProblem: (error: Error) => void;
}

/** Where Home Assistant says that it has started, whatever its discovery prefix. */
const birthTopic = 'homeassistant/status';
/** Whoever pushes says so at least every 10 seconds: after this long nobody is pushing any more. */
const silenceTimeoutMs = 60_000;
const closeTimeoutMs = 300;

/** The update entities of all devices: kept on disk, shown to Home Assistant, changed by what is heard of pushes and devices. */
export class Entities {
  readonly #options: EntitiesOptions;
  readonly #entities = new Map<string, Entity>();
  /** Of those in progress: when nothing is heard for too long. */
  readonly #silence = new Map<string, NodeJS.Timeout>();
  /** Resolves when what was kept is known. */
  readonly #loaded: Promise<void>;
  readonly #stops: readonly (() => void)[];
  #isClosed = false;

  constructor(options: EntitiesOptions) {
    const { topics, broker, reports } = options;
    this.#options = options;
    this.#loaded = this.#load().catch(options.onProblem);
    // At once, not when all is loaded: a press of Install that nobody hears is lost.
    this.#stops = [
      broker.onOnline(() => this.#showAll()),
      broker.listen(commandTopic(topics, '+'), (message) => void this.#hearCommand(message)),
      reports.watchReports((target, report, maybeStale) => void this.#hearReport(target, report, maybeStale)),
      ...[...new Set([birthTopic, `${topics.prefix}/status`])].map((topic) =>
        broker.listen(topic, ({ payload }) => payload.toString() === 'online' && this.#showAll()),
      ),
    ];
  }

  /** How many devices have an entity. */
  get size(): number {
    return this.#entities.size;
  }

  /** The devices in progress, with their percents; null: not known. */
  get inProgress(): readonly (readonly [target: string, percent: number | null])[] {
    const working = [...this.#entities].filter(([, { isInProgress }]) => isInProgress);
    return working.map(([target, { state }]) => [target, state.update_percentage]);
  }

  /**
   * The devices are offered a release. Resolves when it is on the disk and shown.
   * @param bytes of its files, by their SHA-256
   * @throws Error where it can't be kept: then nothing has changed
   */
  async offer(targets: readonly string[], release: Release, bytes: ReadonlyMap<string, Buffer>): Promise<void> {
    await this.#loaded;
    const { store, onChange } = this.#options;
    try {
      await store.keep(bytes);
      const before = targets.map((target) => [target, this.#entities.get(target)?.record] as const);
      for (const [target, record] of before) this.#set(target, withRelease(record, release));
      try {
        await store.save(() => this.#records);
      } catch (error) {
        for (const [target, record] of before) this.#takeBack(target, record, release);
        throw error;
      }
    } finally {
      store.release(bytes);
    }
    await Promise.all(targets.map((target) => this.#show(target)));
    onChange();
  }

  /**
   * The device's entity goes away, with what was retained for it; without one nothing happens.
   * @throws Error while the broker is offline: what is retained would stay for good
   */
  async remove(target: string): Promise<void> {
    await this.#loaded;
    const { topics, broker } = this.#options;
    if (!broker.isOnline)
      throw new Error(`The entity of ${target} stays: the broker is offline. Remove it again later.`);
    this.#endSilence(target);
    this.#entities.delete(target);
    await this.#save();
    await this.#publish(discoveryTopic(topics, target), '', true);
    await this.#publish(stateTopic(topics, target), '', true);
    this.#options.onChange();
  }

  /** What a push tells of itself. */
  async hearPush(news: PushEvent): Promise<void> {
    await this.#loaded;
    await this.#change(news.target, (entity) => entity.hearPush(news));
  }

  /** Nobody stays in progress: nobody will hear of it. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const stop of this.#stops) stop();
    const working = this.inProgress.map(([target]) => target);
    const shown = Promise.all(working.map((target) => this.#change(target, (entity) => entity.endProgress())));
    // A broker that is being left may not answer any more.
    const limit = new Promise((resolve) => setTimeout(resolve, closeTimeoutMs).unref());
    await Promise.race([shown, limit]);
    await this.#options.store.settled();
  }

  async #load(): Promise<void> {
    const { store, onProblem } = this.#options;
    const records = await store.load().catch((error: Error) => {
      onProblem(error);
      return new Map<string, DeviceRecord>();
    });
    if (this.#isClosed) return;
    for (const [target, record] of records) this.#set(target, record);
    this.#showAll();
  }

  get #records(): Map<string, DeviceRecord> {
    return new Map([...this.#entities].map(([target, { record }]) => [target, record]));
  }

  #set(target: string, record: DeviceRecord): void {
    const entity = this.#entities.get(target) ?? new Entity(record);
    entity.record = record;
    this.#entities.set(target, entity);
    const report = this.#options.reports.lastReportOf(target);
    if (report) entity.hearReport(report, true);
  }

  /** Unless it was offered another one meanwhile. */
  #takeBack(target: string, before: DeviceRecord | undefined, release: Release): void {
    const entity = this.#entities.get(target);
    if (entity?.record.release !== release) return;
    if (before) entity.record = { ...entity.record, release: before.release, known: before.known };
    else this.#entities.delete(target);
  }

  /** A retained command was given to somebody before us. */
  async #hearCommand({ topic, payload, maybeStale }: InboundMessage): Promise<void> {
    await this.#loaded;
    const target = targetOf(this.#options.topics, topic);
    const entity = target === undefined ? undefined : this.#entities.get(target);
    if (this.#isClosed || !entity || target === undefined) return;
    // A press that nobody has answered yet counts once, however often it comes.
    if (maybeStale || payload.toString() !== installPayload || entity.isPressed) return;
    const { onInstall, onProblem } = this.#options;
    void this.#change(target, () => entity.press());
    await onInstall(target, entity.record.release).catch((error: Error) => {
      onProblem(error);
      return this.#change(target, () => entity.endProgress());
    });
  }

  async #hearReport(target: string, report: Report, maybeStale: boolean): Promise<void> {
    await this.#loaded;
    await this.#change(target, (entity) => entity.hearReport(report, maybeStale));
  }

  /** Changes an entity, shows it where it is another one then, and keeps what must outlive us. */
  async #change(target: string, change: (entity: Entity) => void): Promise<void> {
    const entity = this.#entities.get(target);
    if (!entity) return;
    const { record: before, state, progress } = entity;
    change(entity);
    if (this.#isClosed) entity.endProgress();
    // Only who speaks of the update itself breaks the silence.
    if (entity.progress !== progress) this.#watchSilence(target, entity);
    const isOther = JSON.stringify(entity.state) !== JSON.stringify(state);
    await Promise.all([entity.record !== before && this.#save(), isOther && this.#showState(target, entity)]);
    this.#options.onChange();
  }

  #watchSilence(target: string, entity: Entity): void {
    this.#endSilence(target);
    if (!entity.isInProgress) return;
    const end = () => void this.#change(target, () => entity.endProgress());
    this.#silence.set(target, setTimeout(end, this.#options.silenceMs ?? silenceTimeoutMs));
  }

  #endSilence(target: string): void {
    clearTimeout(this.#silence.get(target));
    this.#silence.delete(target);
  }

  #save(): Promise<void> {
    return this.#options.store.save(() => this.#records).catch(this.#options.onProblem);
  }

  #showAll(): void {
    for (const target of this.#entities.keys()) void this.#show(target);
    this.#options.onChange();
  }

  async #show(target: string): Promise<void> {
    const { topics } = this.#options;
    const entity = this.#entities.get(target);
    if (!entity) return;
    const discovery = discoveryOf(topics, target, entity.record.release);
    await this.#publish(discoveryTopic(topics, target), JSON.stringify(discovery), true);
    await this.#showState(target, entity);
  }

  /** What is retained never says "in progress": should we die, nobody would take it back. */
  #showState(target: string, { state }: Entity): Promise<void> {
    return this.#publish(stateTopic(this.#options.topics, target), JSON.stringify(state), !state.in_progress);
  }

  #publish(topic: string, payload: string, retain: boolean): Promise<void> {
    return this.#options.broker.publish(topic, payload, retain).catch(this.#options.onProblem);
  }
}
