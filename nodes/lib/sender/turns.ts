import type { Cancellation } from '../push/cancellation';
import { Places } from './places';

/** One push per device at a time; the next waits its turn. */
export class Turns {
  readonly #turns = new Map<string, Places>();

  /** Takes the device's turn; false: he was cancelled before it came, and has none to leave. */
  take(target: string, cancellation: Cancellation): true | Promise<boolean> {
    const turn = this.#turns.get(target) ?? new Places(1);
    this.#turns.set(target, turn);
    return turn.take(cancellation);
  }

  leave(target: string): void {
    const turn = this.#turns.get(target);
    turn?.leave();
    if (turn?.isEmpty) this.#turns.delete(target);
  }
}
