/** Milliseconds between two looks; a message follows when something has changed. */
const everyMs = 1000;
/** A message goes out at least this often. */
const atLeastEveryMs = 10_000;

/** How far something is, and what is known of it. */
export interface Look<Known> {
  readonly percent: number;
  /** What is being done; a change of it is reported like one of the percents. */
  readonly phase?: string;
  readonly known: Known;
}

/** Tells of one push, or one rollout, while it is under way: 0 at the start, then as it goes on. */
export class Progress<Known> {
  readonly #tell: (percent: number, known: Known) => void;
  #look: (() => Look<Known>) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #last = '';
  #toldAt = 0;

  constructor(tell: (percent: number, known: Known) => void) {
    this.#tell = tell;
  }

  /** From now on it tells of this; of a set, the next file takes the place of the one before. */
  start(look: () => Look<Known>): void {
    this.#look = look;
    if (this.#timer) return;
    this.#tellChange();
    this.#timer = setInterval(() => this.#tellChange(), everyMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #tellChange(): void {
    if (!this.#look) return;
    const { percent, phase = '', known } = this.#look();
    const now = performance.now();
    const isSame = this.#last === `${percent} ${phase}`;
    if (isSame && now - this.#toldAt < atLeastEveryMs) return;
    this.#last = `${percent} ${phase}`;
    this.#toldAt = now;
    this.#tell(percent, known);
  }
}
