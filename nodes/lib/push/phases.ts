import type { AttemptCode, Phase, PushFacts } from './outcome';

interface Entered {
  /** Which of the durations the phase's time counts for. */
  readonly duration?: 'connect' | 'transfer' | 'verify';
  /** The push ends with this code when the phase lasts longer than `limitMs`. */
  readonly limit?: AttemptCode;
  /** The job's timeout unless said. */
  readonly limitMs?: number;
}

/** Where a push is, for how long, and for how long at most. */
export class Phases {
  readonly #facts: PushFacts;
  readonly #timeoutMs: number;
  readonly #onPhase: (phase: Phase) => void;
  readonly #onTimeout: (code: AttemptCode, limitMs: number) => void;
  #clock: { readonly duration: NonNullable<Entered['duration']>; readonly startedAt: number } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #limit: { readonly code: AttemptCode; readonly ms: number } | undefined;
  #isOver = false;

  constructor(
    facts: PushFacts,
    timeoutMs: number,
    onPhase: (phase: Phase) => void,
    onTimeout: (code: AttemptCode, limitMs: number) => void,
  ) {
    this.#facts = facts;
    this.#timeoutMs = timeoutMs;
    this.#onPhase = onPhase;
    this.#onTimeout = onTimeout;
  }

  enter(phase: Phase, { duration, limit, limitMs = this.#timeoutMs }: Entered = {}): void {
    if (this.#isOver) return;
    this.#stopClock();
    this.#clock = duration && { duration, startedAt: performance.now() };
    this.#setLimit(limit && { code: limit, ms: limitMs });
    this.#facts.phase = phase;
    this.#onPhase(phase);
  }

  noLimit(): void {
    this.#setLimit(undefined);
  }

  end(): void {
    this.#isOver = true;
    this.noLimit();
    this.#stopClock();
  }

  /** Phases that are limited alike share a timer: it costs a part of a small push. */
  #setLimit(limit: { readonly code: AttemptCode; readonly ms: number } | undefined): void {
    const isAlike = this.#timer !== undefined && limit?.ms === this.#limit?.ms;
    this.#limit = limit;
    if (isAlike) {
      this.#timer?.refresh();
      return;
    }
    clearTimeout(this.#timer);
    this.#timer = limit && setTimeout(() => this.#limit && this.#onTimeout(this.#limit.code, this.#limit.ms), limit.ms);
  }

  #stopClock(): void {
    if (!this.#clock) return;
    const { duration, startedAt } = this.#clock;
    this.#facts.durations[duration] += Math.round(performance.now() - startedAt);
    this.#clock = undefined;
  }
}
