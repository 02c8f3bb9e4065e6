import type { PushFacts } from '../push/outcome';
import type { Snapshot } from '../sender/files-in-order';

/** Milliseconds between two looks at a push; a message follows when something has changed. */
const everyMs = 1000;
/** Whoever waits for a push hears of it at least this often. */
const atLeastEveryMs = 10_000;

/** Tells of one push while it is under way: 0 when its turn has come, then as its device takes the bytes. */
export class Progress {
  readonly #tell: (percent: number, facts: Readonly<PushFacts>) => void;
  #timer: NodeJS.Timeout | undefined;
  #snapshot: (() => Snapshot) | undefined;
  #told = -1;
  #toldAt = 0;

  constructor(tell: (percent: number, facts: Readonly<PushFacts>) => void) {
    this.#tell = tell;
  }

  /** From now on it tells of this; of a set, the next file takes the place of the one before. */
  start(snapshot: () => Snapshot): void {
    this.#snapshot = snapshot;
    if (this.#timer) return;
    this.#look();
    this.#timer = setInterval(() => this.#look(), everyMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    if (!this.#snapshot) return;
    const snapshot = this.#snapshot();
    const percent = percentOf(snapshot);
    const now = performance.now();
    if (percent === this.#told && now - this.#toldAt < atLeastEveryMs) return;
    this.#told = percent;
    this.#toldAt = now;
    this.#tell(percent, snapshot.facts);
  }
}

/** Of the bytes that the device's TCP has acknowledged; 100 only when nothing more is waited for. */
function percentOf({ facts, isLast, doneBytes, allBytes }: Snapshot): number {
  if (isLast && facts.phase === 'verify') return 99;
  return allBytes === 0 ? 0 : Math.min(99, Math.floor((100 * (doneBytes + facts.sent)) / allBytes));
}
