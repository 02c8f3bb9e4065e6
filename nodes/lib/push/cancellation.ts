import { Latch } from './latch';

/** Says that a push shall end, and why. An AbortSignal's listeners cost as much as a small push. */
export class Cancellation extends Latch<string> {
  /** Completes "was cancelled: …"; undefined while it goes on. The first reason stays. */
  get reason(): string | undefined {
    return this.value;
  }

  cancel(reason: string): void {
    this.happen(reason);
  }
}
