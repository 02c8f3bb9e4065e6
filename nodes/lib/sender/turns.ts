import { Semaphore } from 'async-mutex';
import { within } from '../push/race';

/** Gives back what was waited for. */
export type Release = () => void;

/** Waits for one of the places; when the signal is aborted first it waits no longer and holds none. */
export function takePlace(places: Semaphore, signal: AbortSignal): Promise<Release> {
  return unlessAborted(
    places.acquire().then(([, release]) => release),
    signal,
  );
}

/** One push per device at a time; the next waits its turn. */
export class Turns {
  readonly #turns = new Map<string, Semaphore>();

  /** Waits for the device's turn; when the signal is aborted first it waits no longer and holds none. */
  take(target: string, signal: AbortSignal): Promise<Release> {
    const turn = this.#turns.get(target) ?? new Semaphore(1);
    this.#turns.set(target, turn);
    const place = turn.acquire().then(([, release]) => () => {
      release();
      // The last one out: nobody holds the turn, so nobody waits for it.
      if (!turn.isLocked()) this.#turns.delete(target);
    });
    return unlessAborted(place, signal);
  }
}

/** A place that comes after its push was cancelled goes on to the next at once. */
async function unlessAborted(place: Promise<Release>, signal: AbortSignal): Promise<Release> {
  const release = await within(place, Number.POSITIVE_INFINITY, signal);
  if (typeof release === 'function') return release;
  void place.then((late) => late());
  return () => undefined;
}
