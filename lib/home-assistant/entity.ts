import { versionBefore } from '../devices/kept-versions';
import type { FileRecord, KeptVersion } from '../devices/record';
import { type EntityState, unknownVersion } from './discovery';
import { type EntityRecord, lastFile, versionWith } from './release';
import type { EntityKind } from './topics';

/** What a push tells of itself, while it goes on and at its end. */
export interface PushEvent {
  readonly id: string;
  readonly target: string;
  /** null while it goes on. */
  readonly result: string | null;
  readonly percent: number;
  /** It waits for a device that sleeps: that may take days, and is no progress. */
  readonly isWaiting: boolean;
}

/** Between a press and the first word of its push its id is not known. */
type Progress = { readonly id: string; readonly percent: number | null } | { readonly pressed: true };

/** The version of its file that a device can go back to. */
export interface PreviousVersion {
  readonly filename: string;
  /** As people know it. */
  readonly version: string;
  readonly kept: KeptVersion;
}

/** The entities of one device: what it runs, what it is offered, what it can go back to, and whether an update is under way. */
export class Entity {
  record: EntityRecord;
  /** What the device has of the file that tells which release it runs; undefined: nothing is known. */
  file: FileRecord | undefined;
  /** Those whose discovery message the broker has sent back since they are shown: one that is cleared then was cleared by somebody. */
  readonly atBroker = new Set<EntityKind>();
  /** Its release could not be read when Install was pressed. */
  isLost = false;
  /** When Install, or the button that goes back, was pressed last, on the clock of `performance`. */
  pressedAt = Number.NEGATIVE_INFINITY;
  #progress: Progress | undefined;
  /** Pushes that were under way when it was pressed: their words are not the pressed one's. */
  readonly #older = new Set<string>();

  constructor(record: EntityRecord) {
    this.record = record;
  }

  /** Another one each time that something is heard of the update. */
  get progress(): object | undefined {
    return this.#progress;
  }

  /** It was pressed, and nobody has answered yet. */
  get isPressed(): boolean {
    return this.#progress !== undefined && 'pressed' in this.#progress;
  }

  get isInProgress(): boolean {
    return this.#progress !== undefined;
  }

  get state(): EntityState {
    const percent = this.#progress && 'percent' in this.#progress ? this.#progress.percent : null;
    return {
      installed_version: this.#installed ?? unknownVersion,
      latest_version: this.record.release.version,
      in_progress: this.isInProgress,
      update_percentage: percent,
    };
  }

  /** Whether going back is offered, where there is anything to go back to. Of a set, files of one version would meet those of another. */
  get canGoBack(): boolean {
    return this.record.release.files.length === 1 && !this.record.isButtonDeleted;
  }

  /** What the device goes back to; undefined where nothing is kept. */
  get previous(): PreviousVersion | undefined {
    const kept = this.canGoBack && this.file ? versionBefore(this.file) : undefined;
    if (!kept) return undefined;
    return { filename: lastFile(this.record.release).filename, version: versionWith(this.record, kept.hash), kept };
  }

  /** Install was pressed, or the button that goes back. @param now on the clock of `performance` */
  press(now: number): void {
    this.pressedAt = now;
    if (this.#progress && 'id' in this.#progress) this.#older.add(this.#progress.id);
    this.#progress = { pressed: true };
  }

  /** A push to the device has begun, goes on or has ended. */
  hearPush({ id, result, percent, isWaiting }: PushEvent): void {
    if (result === null) {
      if (!this.#older.has(id)) this.#progress = isWaiting ? undefined : { id, percent };
      return;
    }
    const isOurs = this.#progress && ('pressed' in this.#progress || this.#progress.id === id);
    if (!this.#older.delete(id) && isOurs) this.endProgress();
    // Somebody has ended it: a press that follows is meant, however soon it comes.
    if (result === 'cancelled') this.pressedAt = Number.NEGATIVE_INFINITY;
  }

  /** Nothing was heard for too long, or nobody is there any more to hear it. */
  endProgress(): void {
    this.#progress = undefined;
    this.#older.clear();
  }

  /** What may be on the device since a push that was no success does not count: it may have what it had before. */
  get #installed(): string | undefined {
    const { hash = null, verified = null, before = null } = this.file ?? {};
    const has = verified === null ? before : hash;
    return has === null ? undefined : versionWith(this.record, has);
  }
}
