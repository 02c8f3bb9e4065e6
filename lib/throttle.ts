/**
 * Does something when it is asked to: at once, but no sooner than so many milliseconds after the last time, and not while that is
 * still under way. Who asks meanwhile is answered by one more time.
 */
export class Throttle {
  readonly #work: () => Promise<unknown>;
  readonly #leastMs: number;
  #timer: NodeJS.Timeout | undefined;
  #underWay: Promise<unknown> | undefined;
  #isAsked = false;
  #isClosed = false;

  /** @param work never rejects */
  constructor(work: () => Promise<unknown>, leastMs: number) {
    this.#work = work;
    this.#leastMs = leastMs;
  }

  ask(): void {
    this.#isAsked = true;
    this.#next();
  }

  /** What is under way may never end: it is not waited for any more. */
  forget(): void {
    this.#underWay = undefined;
    this.#next();
  }

  /** Who has asked and was not answered is not answered any more. */
  close(): void {
    clearTimeout(this.#timer);
    this.#isClosed = true;
  }

  #next(): void {
    if (!this.#isAsked || this.#isClosed || this.#timer || this.#underWay) return;
    this.#isAsked = false;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#next();
    }, this.#leastMs);
    const work = this.#work().finally(() => {
      if (this.#underWay !== work) return;
      this.#underWay = undefined;
      this.#next();
    });
    this.#underWay = work;
  }
}
