import type { Code, Phase, PushFacts } from './outcome';

interface Entered {
  /** Which of the durations the phase's time counts for. */
  readonly duration?: 'connect' | 'transfer' | 'verify';
  /** The push ends with this code when the phase lasts longer than `limitMs`. */
  readonly limit?: Code;
  /** The job's timeout unless said. */
  readonly limitMs?: number;
}

/** Where a push is, for how long, and for how long at most. */
export class Phases {
  readonly #facts: PushFacts;
  readonly #timeoutMs: number;
  readonly #onPhase: (phase: Phase) => void;
  readonly #onTimeout: (code: Code, limitMs: number) => void;
  #clock: { readonly duration: NonNullable<Entered['duration']>; readonly startedAt: number } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(
    facts: PushFacts,
    timeoutMs: number,
    onPhase: (phase: Phase) => void,
    onTimeout: (code: Code, limitMs: number) => void,
  ) {
    this.#facts = facts;
    this.#timeoutMs = timeoutMs;
    this.#onPhase = onPhase;
    this.#onTimeout = onTimeout;
  }

  enter(phase: Phase, { duration, limit, limitMs = this.#timeoutMs }: Entered = {}): void {
    if (this.#isOver) return;
    this.noLimit();
    this.#stopClock();
    this.#clock = duration && { duration, startedAt: performance.now() };
    if (limit) this.#timer = setTimeout(() => this.#onTimeout(limit, limitMs), limitMs);
    this.#facts.phase = phase;
    this.#onPhase(phase);
  }

  noLimit(): void {
    clearTimeout(this.#timer);
  }

  end(): void {
    this.#isOver = true;
    this.noLimit();
    this.#stopClock();
  }

  #stopClock(): void {
    if (!this.#clock) return;
    const { duration, startedAt } = this.#clock;
    this.#facts.durations[duration] += Math.round(performance.now() - startedAt);
    this.#clock = undefined;
  }
}
