import { Throttle } from '../throttle';

export interface RepeatsOptions {
  /** Shows all entities. Never rejects, nor does the other. */
  readonly showAll: () => Promise<unknown>;
  readonly showState: (target: string) => Promise<unknown>;
  /** The least time between two of the first, and between two of the other; in milliseconds. */
  readonly allMs?: number;
  readonly oneMs?: number;
}

const usualAllMs = 5000;
const usualOneMs = 1000;

/** What is shown again because of a message: anyone may publish it, so each has a rate, however often it comes. */
export class Repeats {
  readonly #options: RepeatsOptions;
  /** Devices whose state is to be shown. */
  readonly #targets = new Set<string>();
  readonly #all: Throttle;
  readonly #states: Throttle;

  constructor(options: RepeatsOptions) {
    const { showAll, allMs = usualAllMs, oneMs = usualOneMs } = options;
    this.#options = options;
    this.#all = new Throttle(showAll, allMs);
    this.#states = new Throttle(() => this.#showStates(), oneMs);
  }

  /** Home Assistant says that it has started. */
  all(): void {
    this.#all.ask();
  }

  /** @param target a device that has an entity */
  state(target: string): void {
    this.#targets.add(target);
    this.#states.ask();
  }

  /** The broker is there anew: what it was sent before may never be acknowledged. */
  onOnline(): void {
    this.#all.forget();
    this.#states.forget();
  }

  /** Resolves when what was put off is shown. */
  async close(): Promise<void> {
    this.#all.close();
    this.#states.close();
    await this.#showStates();
  }

  async #showStates(): Promise<void> {
    const targets = [...this.#targets];
    this.#targets.clear();
    await Promise.all(targets.map((target) => this.#options.showState(target)));
  }
}
