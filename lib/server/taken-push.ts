import type { Place } from '../backlog';
import type { DeviceBook } from '../devices/device-book';
import type { PushHooks } from '../push/hooks';
import type { Job } from '../push/job';
import type { PushActivity, PushSnapshot } from '../push/state';
import type { Turn } from './turns';

/** A push that the server has taken on, with what it holds until it ends. */
export class TakenPush implements PushHooks {
  readonly #jobs: readonly Job[];
  readonly #hooks: PushHooks;
  /** Among those that wait; undefined where its sender bounds how many do. */
  readonly #place: Place | undefined;
  readonly #book: DeviceBook;
  #endInBook: (() => void) | undefined;
  /** At its device, once that has come. */
  turn: Turn | undefined;

  constructor(jobs: readonly Job[], hooks: PushHooks, place: Place | undefined, book: DeviceBook) {
    this.#jobs = jobs;
    this.#hooks = hooks;
    this.#place = place;
    this.#book = book;
  }

  get ifUnchanged(): PushHooks['ifUnchanged'] {
    return this.#hooks.ifUnchanged;
  }

  get purpose(): PushHooks['purpose'] {
    return this.#hooks.purpose;
  }

  onActivity(activity: PushActivity): void {
    if (activity === 'waiting' || activity === 'announce') this.turn?.begin();
    if (activity === 'waiting') this.#place?.comeBack();
    if (activity === 'announce') this.#place?.leave();
    this.#hooks.onActivity?.(activity);
  }

  onStart(look: () => PushSnapshot): void {
    this.#place?.comeBack(); // each file of a set waits for a slot
    this.#endInBook = this.#book.begin(this.#jobs, look);
    this.#hooks.onStart?.(look);
  }

  end(): void {
    this.#endInBook?.();
    this.turn?.end();
    this.#place?.leave();
  }
}
