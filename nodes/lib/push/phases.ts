import type { AttemptCode, Phase, PushFacts } from './outcome';

interface Limits {
  /** Which of the durations the phase's time counts for. */
  readonly duration?: 'connect' | 'transfer' | 'verify';
  /** The push ends with this code when the phase lasts longer than `limitMs`. */
  readonly limit?: AttemptCode;
  /** The job's timeout unless said. */
  readonly limitMs?: number;
}

type Duration = NonNullable<Limits['duration']>;

/** Whoever is told that a phase has lasted too long. */
export interface PhaseWatcher {
  onTimeout(code: AttemptCode, limitMs: number): void;
}

/** Where a push is, for how long, and for how long at most. */
export class Phases {
  readonly #facts: PushFacts;
  readonly #timeoutMs: number;
  readonly #onPhase: (phase: Phase) => void;
  readonly #watcher: PhaseWatcher;
  #duration: Duration | undefined;
  /** On the clock of `performance`. */
  #startedAt = 0;
  #limit: AttemptCode | undefined;
  #limitMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(facts: PushFacts, timeoutMs: number, onPhase: (phase: Phase) => void, watcher: PhaseWatcher) {
    this.#facts = facts;
    this.#timeoutMs = timeoutMs;
    this.#onPhase = onPhase;
    this.#watcher = watcher;
  }

  enter(phase: Phase, limits: Limits = {}): void {
    if (this.#isOver) return;
    this.limit(limits);
    this.#facts.phase = phase;
    this.#onPhase(phase);
  }

  /** Counts and limits anew, within the phase. */
  limit({ duration, limit, limitMs = this.#timeoutMs }: Limits): void {
    if (this.#isOver) return;
    const now = performance.now();
    this.#stopClock(now);
    this.#duration = duration;
    this.#startedAt = now;
    this.#setLimit(limit, limitMs);
  }

  end(): void {
    this.#isOver = true;
    this.#setLimit(undefined, 0);
    this.#stopClock(performance.now());
  }

  /** Phases that are limited alike share a timer: it costs a part of a small push. */
  #setLimit(limit: AttemptCode | undefined, ms: number): void {
    const isAlike = this.#timer !== undefined && limit !== undefined && ms === this.#limitMs;
    this.#limit = limit;
    this.#limitMs = ms;
    if (isAlike) {
      this.#timer?.refresh();
      return;
    }
    clearTimeout(this.#timer);
    this.#timer = limit && setTimeout(() => this.#limit && this.#watcher.onTimeout(this.#limit, ms), ms);
  }

  #stopClock(now: number): void {
    if (this.#duration) this.#facts.durations[this.#duration] += Math.round(now - this.#startedAt);
    this.#duration = undefined;
  }
}
