import { Throttle } from '../throttle';

/** What pushes have come to may wait so long for the disk; what devices only say is told by them again. */
const soonMs = 5000;
const laterMs = 60_000;

/** When something that changes often is saved: seldom enough for an SD card, often enough that a power cut takes little. */
export class Saving {
  readonly #save: () => Promise<boolean>;
  readonly #soon = new Throttle(() => this.#saveChanges(), soonMs);
  readonly #later = new Throttle(() => this.#saveChanges(), laterMs);
  #hasChanges = false;
  #underWay: Promise<void> = Promise.resolve();

  /** @param save never rejects; resolves to whether it was saved: what was not is tried again with the next change, or at the close */
  constructor(save: () => Promise<boolean>) {
    this.#save = save;
  }

  /** Something has changed that is to be on the disk within seconds. */
  soon(): void {
    this.#hasChanges = true;
    this.#soon.ask();
  }

  /** Something has changed that may wait a minute. */
  later(): void {
    this.#hasChanges = true;
    this.#later.ask();
  }

  /** Resolves when all that has changed was saved. */
  close(): Promise<void> {
    this.#soon.close();
    this.#later.close();
    return this.#saveChanges();
  }

  /** Closes it without saving what has changed; resolves when nothing is being saved any more. */
  discard(): Promise<void> {
    this.#hasChanges = false;
    return this.close();
  }

  /** One after the other, and never in the turn of the event loop in which a push has ended. */
  #saveChanges(): Promise<void> {
    this.#underWay = this.#underWay.then(async () => {
      await new Promise((resolve) => setImmediate(resolve));
      if (!this.#hasChanges) return;
      this.#hasChanges = false;
      if (!(await this.#save())) this.#hasChanges = true;
    });
    return this.#underWay;
  }
}
