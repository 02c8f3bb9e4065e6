import { Semaphore } from 'async-mutex';
import type { Cancellation } from '../push/cancellation';

/** Gives back what was waited for. */
export type Release = () => void;

/** Waits for one of the places; when the push is cancelled first it waits no longer and holds none. */
export function takePlace(places: Semaphore, cancellation: Cancellation): Promise<Release> {
  return unlessCancelled(
    places.acquire().then(([, release]) => release),
    cancellation,
  );
}

/** One push per device at a time; the next waits its turn. */
export class Turns {
  readonly #turns = new Map<string, Semaphore>();

  /** Waits for the device's turn; when the push is cancelled first it waits no longer and holds none. */
  take(target: string, cancellation: Cancellation): Promise<Release> {
    const turn = this.#turns.get(target) ?? new Semaphore(1);
    this.#turns.set(target, turn);
    const place = turn.acquire().then(([, release]) => () => {
      release();
      // The last one out: nobody holds the turn, so nobody waits for it.
      if (!turn.isLocked()) this.#turns.delete(target);
    });
    return unlessCancelled(place, cancellation);
  }
}

/** A place that comes after its push was cancelled goes on to the next at once. */
async function unlessCancelled(place: Promise<Release>, cancellation: Cancellation): Promise<Release> {
  const release = await Promise.race([place, cancellation.happened]);
  if (typeof release === 'function') return release;
  void place.then((late) => late());
  return () => undefined;
}
