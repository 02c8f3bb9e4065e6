import type { PushSession } from './session';
import type { AttemptCode, Phase } from './state';

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
    readonly session: PushSession,
    readonly onTimeout: (code: AttemptCode, timeoutMs: number) => void,
  ) {}

  enter(phase: Phase, limit: Limit = {}): void {
    if (this.#isStopped) return;
    this.limit(limit);
    this.session.state.phase = phase;
    this.session.hooks.onActivity?.(phase);
  }

  /** Counts and limits anew, within the phase. */
  limit({ duration, code, timeoutMs = this.session.job.timeoutMs }: Limit): void {
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
    if (this.#duration) this.session.state.durations[this.#duration] += Math.round(performance.now() - this.#startedAt);
    this.#duration = undefined;
  }
}
