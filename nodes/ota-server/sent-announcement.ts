import type { AnnouncementListener } from '../../lib/push/services';
import type { Pending } from './publications';

/** An announcement that was handed to the client. What is heard of it first counts, and nothing after that. */
export class SentAnnouncement implements Pending {
  readonly isLasting = false;
  #isSettled = false;

  constructor(
    readonly topic: string,
    readonly text: string,
    readonly watcher: AnnouncementListener,
  ) {}

  /** Whether nothing was heard of it before. */
  settle(): boolean {
    const isFirst = !this.#isSettled;
    this.#isSettled = true;
    return isFirst;
  }

  fail(error: Error): void {
    if (this.settle()) this.watcher.onFailed(error);
  }

  onGivenUp(reason: string): void {
    this.fail(new Error(reason));
  }
}
