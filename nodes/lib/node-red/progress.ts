import type { PushFacts } from '../push/outcome';

/** Milliseconds between two looks at a push; a message follows when something has changed. */
const everyMs = 1000;
/** Whoever waits for a push hears of it at least this often. */
const atLeastEveryMs = 10_000;

/** How far a push is, and what is known of it. */
export type Snapshot = () => Readonly<PushFacts>;

/** Tells of one push while it is under way: 0 when its turn has come, then as its device takes the bytes. */
export class Progress {
  readonly #tell: (percent: number, facts: Readonly<PushFacts>) => void;
  #timer: NodeJS.Timeout | undefined;
  #told = -1;
  #toldAt = 0;

  constructor(tell: (percent: number, facts: Readonly<PushFacts>) => void) {
    this.#tell = tell;
  }

  start(snapshot: Snapshot): void {
    this.#look(snapshot);
    this.#timer = setInterval(() => this.#look(snapshot), everyMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(snapshot: Snapshot): void {
    const facts = snapshot();
    const percent = percentOf(facts);
    const now = performance.now();
    if (percent === this.#told && now - this.#toldAt < atLeastEveryMs) return;
    this.#told = percent;
    this.#toldAt = now;
    this.#tell(percent, facts);
  }
}

/** Of the bytes that the device's TCP has acknowledged; 100 only when nothing more is waited for. */
function percentOf({ sent, size, phase }: Readonly<PushFacts>): number {
  if (phase === 'verify') return 99;
  return size === 0 ? 0 : Math.min(99, Math.floor((100 * sent) / size));
}
