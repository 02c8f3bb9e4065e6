import type { AttemptCode, Phase, PushState } from './state';

/** What a phase is counted for, and when it is given up. */
interface Limit {
  /** Which of the durations its time counts for. */
  readonly duration?: 'connect' | 'transfer' | 'verify';
  /** The attempt ends with this code when it lasts longer than `timeoutMs`. */
  readonly code?: AttemptCode;
  /** The job's timeout unless said. */
  readonly timeoutMs?: number;
}

/** In which phase an attempt is, for how long, and for how long at most. */
export class PhaseTimer {
  #duration: Limit['duration'];
  /** On the clock of `performance`. */
  #startedAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(
    readonly state: PushState,
    readonly defaultTimeoutMs: number,
    readonly onPhase: (phase: Phase) => void,
    readonly onTimeout: (code: AttemptCode, timeoutMs: number) => void,
  ) {}

  enter(phase: Phase, limit: Limit = {}): void {
    if (this.#isStopped) return;
    this.limit(limit);
    this.state.phase = phase;
    this.onPhase(phase);
  }

  /** Counts and limits anew, within the phase. */
  limit({ duration, code, timeoutMs = this.defaultTimeoutMs }: Limit): void {
    if (this.#isStopped) return;
    this.#endPhase();
    this.#duration = duration;
    this.#startedAt = performance.now();
    if (code) this.#timer = setTimeout(() => this.onTimeout(code, timeoutMs), timeoutMs);
  }

  /** For good. */
  stop(): void {
    this.#isStopped = true;
    this.#endPhase();
  }

  #endPhase(): void {
    clearTimeout(this.#timer);
    if (this.#duration) this.state.durations[this.#duration] += Math.round(performance.now() - this.#startedAt);
    this.#duration = undefined;
  }
}
