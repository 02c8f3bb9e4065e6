import type { EntitiesOptions } from './entities-options';
import { Entity } from './entity';
import { bytesOfRecord, type EntityRecord, lastFile, type Release, withRelease } from './release';

export type KeptEntitiesOptions = Pick<EntitiesOptions, 'topics' | 'broker' | 'devices' | 'store' | 'onProblem'>;

/** Some 10,000 devices with 20 versions each: messages bring their names and texts, and all of it is written with each change. */
const maxMegabytes = 64;

/** The entities by their devices, as they are on the disk: those that were deleted in Home Assistant are remembered too. */
export class KeptEntities {
  readonly #options: KeptEntitiesOptions;
  readonly #entities = new Map<string, Entity>();

  constructor(options: KeptEntitiesOptions) {
    this.#options = options;
  }

  get(target: string): Entity | undefined {
    return this.#entities.get(target);
  }

  get targets(): readonly string[] {
    return [...this.#entities.keys()];
  }

  /** Those that nobody has deleted in Home Assistant. */
  get present(): readonly (readonly [target: string, entity: Entity])[] {
    return [...this.#entities].filter(([, { record }]) => !record.isDeleted);
  }

  /** Reads what was remembered. What can't be read is a problem, and there is none then. */
  async load(): Promise<void> {
    const { store, onProblem } = this.#options;
    const records = await store.load().catch((error: Error) => {
      onProblem(error);
      return new Map<string, EntityRecord>();
    });
    for (const [target, record] of records) this.#set(target, record);
  }

  /**
   * The devices are offered a release. Resolves when it is on the disk.
   * @param bytes of its files, by their SHA-256
   * @throws Error where it can't be kept, or there is no room for it: then nothing has changed
   */
  async offer(targets: readonly string[], release: Release, bytes: ReadonlyMap<string, Buffer>): Promise<void> {
    const { store, topics, broker } = this.#options;
    let isSaved = false;
    try {
      await store.keep(bytes);
      this.#refuseTooMuch(targets, release); // others may have been offered meanwhile
      const before = targets.map((target) => [target, this.get(target)?.record] as const);
      for (const [target, record] of before) {
        const offered = withRelease(record, release);
        this.#set(target, broker.isOnline ? { ...offered, shownUnder: offered.shownUnder ?? topics } : offered);
      }
      try {
        await store.save(() => this.#records);
        isSaved = true;
      } catch (error) {
        for (const [target, record] of before) this.#takeBack(target, record, release);
        throw error;
      }
    } finally {
      store.release(bytes);
      if (!isSaved) await store.tidy(() => this.#records);
    }
  }

  /** Nothing of the device is remembered any more. @throws Error of the disk: then it is known as before */
  async remove(target: string): Promise<void> {
    const entity = this.get(target);
    if (!entity) return;
    this.#entities.delete(target);
    try {
      await this.#options.store.save(() => this.#records);
    } catch (cause) {
      if (!this.#entities.has(target)) this.#entities.set(target, entity);
      const { message } = cause as Error;
      throw new Error(`The entity of ${target} stays: ${message}. Remove it again later.`, { cause });
    }
  }

  /** Keeps what has changed in records; never rejects. */
  save(): Promise<void> {
    return this.#options.store.save(() => this.#records).catch(this.#options.onProblem);
  }

  /** Looks at what is known of the device. */
  look(target: string, entity: Entity): void {
    entity.file = this.#options.devices.file(target, lastFile(entity.record.release).filename);
  }

  #refuseTooMuch(targets: readonly string[], release: Release): void {
    const records = this.#records;
    for (const target of targets) records.set(target, withRelease(records.get(target), release));
    const bytes = [...records.values()].reduce((sum, record) => sum + bytesOfRecord(record), 0);
    if (bytes <= maxMegabytes * 1024 * 1024) return;
    throw new Error(
      `The release is not offered: what is known of ${records.size} devices and their releases would take more than ${maxMegabytes} MB. Remove entities that nobody needs, with msg.remove, or give it shorter texts.`,
    );
  }

  get #records(): Map<string, EntityRecord> {
    return new Map([...this.#entities].map(([target, { record }]) => [target, record]));
  }

  #set(target: string, record: EntityRecord): void {
    const entity = this.get(target) ?? new Entity(record);
    entity.record = record;
    entity.isLost = false;
    entity.pressedAt = Number.NEGATIVE_INFINITY;
    this.#entities.set(target, entity);
    this.look(target, entity);
  }

  /** Unless it was offered another one meanwhile. */
  #takeBack(target: string, before: EntityRecord | undefined, release: Release): void {
    const entity = this.get(target);
    if (entity?.record.release !== release) return;
    if (!before) {
      this.#entities.delete(target);
      return;
    }
    const { known, isDeleted, isButtonDeleted } = before;
    entity.record = { ...entity.record, release: before.release, known, isDeleted, isButtonDeleted };
    this.look(target, entity);
  }
}
