import type { Cancellation } from '../push/cancellation';
import { Places, type Release } from './places';

/** One push per device at a time; the next waits its turn. */
export class Turns {
  readonly #turns = new Map<string, Places>();

  /** Takes the device's turn; whoever is cancelled before it comes waits no longer and holds none. */
  take(target: string, cancellation: Cancellation): Release | Promise<Release> {
    const turn = this.#turns.get(target) ?? new Places(1);
    this.#turns.set(target, turn);
    const orForget = (release: Release) => () => {
      release();
      if (turn.isEmpty) this.#turns.delete(target);
    };
    const release = turn.take(cancellation);
    return release instanceof Promise ? release.then(orForget) : orForget(release);
  }
}
