import type { Result } from '../push/outcome';

/** What became of a device: as its push ended, or not started at all. */
export type DeviceResult = Result | 'skipped';

export type Counts = Record<DeviceResult, number>;

/** What a rollout has come to so far, or in all. */
export interface RolloutReport {
  readonly id: string;
  readonly counts: Counts;
  /** The hostnames, in the rollout's order. Until its end those that were not started yet are in no list. */
  readonly targets: Record<DeviceResult, string[]>;
  readonly waves: readonly { readonly size: number; readonly counts: Counts }[];
  /** Whole milliseconds: before it began, while it was paused, and all in all. */
  readonly durations: { readonly queued: number; readonly paused: number; readonly total: number };
}

/** Which devices of a rollout have ended, and how. */
export class Tally {
  readonly #targets: readonly string[];
  readonly #waves: readonly number[];
  readonly #results: (DeviceResult | undefined)[] = [];
  #ended = 0;
  #failures = 0;

  constructor(targets: readonly string[], waves: readonly number[]) {
    this.#targets = targets;
    this.#waves = waves;
  }

  /** How many have ended. */
  get ended(): number {
    return this.#ended;
  }

  /** How many of them in a timeout or failed: a cancelled push did not fail. */
  get failures(): number {
    return this.#failures;
  }

  note(index: number, result: Result): void {
    this.#results[index] = result;
    this.#ended += 1;
    if (result === 'timeout' || result === 'failed') this.#failures += 1;
  }

  /** Nothing more is started. Returns how many never were. */
  skipRest(): number {
    let skipped = 0;
    for (const index of this.#targets.keys()) {
      if (this.#results[index]) continue;
      this.#results[index] = 'skipped';
      skipped += 1;
    }
    return skipped;
  }

  report(id: string, durations: RolloutReport['durations']): RolloutReport {
    const targets: RolloutReport['targets'] = {
      success: [],
      unchanged: [],
      timeout: [],
      failed: [],
      cancelled: [],
      skipped: [],
    };
    for (const [index, target] of this.#targets.entries()) {
      const result = this.#results[index];
      if (result) targets[result].push(target);
    }
    let from = 0;
    const waves = this.#waves.map((size) => {
      from += size;
      return { size, counts: countsOf(this.#results.slice(from - size, from)) };
    });
    return { id, counts: countsOf(this.#results), targets, waves, durations };
  }
}

function countsOf(results: readonly (DeviceResult | undefined)[]): Counts {
  const counts: Counts = { success: 0, unchanged: 0, timeout: 0, failed: 0, cancelled: 0, skipped: 0 };
  for (const result of results) if (result) counts[result] += 1;
  return counts;
}
