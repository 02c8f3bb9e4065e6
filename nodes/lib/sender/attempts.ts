import type { Cancellation } from '../push/cancellation';
import type { Means, Offering, UnderWay } from '../push/means';
import { isNetworkFault, type Outcome } from '../push/outcome';
import { type PushWatcher, push } from '../push/push';
import type { Places } from './places';

/** Where more than one announcement was sent, a busy device may come for each of them (protocol 1.8). */
const servesAgainForMs = 5000;

type AttemptMeans = Means & { readonly places: Places };

/**
 * Pushes when there is a place, and tries again after network faults.
 * All announcements are the same bytes, port included (protocol 1.8).
 */
export function pushWithRetries(underWay: UnderWay, means: AttemptMeans, watcher: PushWatcher): void {
  new Attempts(underWay, means, watcher).takePlace();
}

/** One after the other. Callbacks, as in a push: an async function here is a part of a small push's cost. */
class Attempts implements PushWatcher {
  readonly #push: UnderWay;
  readonly #means: AttemptMeans;
  readonly #watcher: PushWatcher;
  #hasPlace = false;

  constructor(underWay: UnderWay, means: AttemptMeans, watcher: PushWatcher) {
    this.#push = underWay;
    this.#means = means;
    this.#watcher = watcher;
  }

  takePlace(): void {
    const place = this.#means.places.take(this.#push.cancellation);
    if (place === true) this.#begin(true);
    else void place.then((hasPlace) => this.#begin(hasPlace));
  }

  #begin(hasPlace: boolean): void {
    const { facts, offering, startedAt } = this.#push;
    this.#hasPlace = hasPlace;
    facts.durations.queued = Math.round(performance.now() - startedAt);
    try {
      offering.verification.listen();
      push(this.#push, this.#means, this);
    } catch (bug) {
      this.onBug(bug);
    }
  }

  onOutcome(outcome: Outcome): void {
    const { facts, job } = this.#push;
    if (isNetworkFault(outcome) && facts.attempts <= job.retries) {
      this.#pause().catch((error: unknown) => this.onBug(error));
    } else {
      this.#end(outcome.code === null);
      this.#watcher.onOutcome(outcome);
    }
  }

  onBug(bug: unknown): void {
    this.#end(false);
    this.#watcher.onBug(bug);
  }

  async #pause(): Promise<void> {
    const { job, facts, offering, onPhase, cancellation } = this.#push;
    offering.offer?.renew();
    onPhase('retry');
    await pause(job.retryDelayMs, offering, cancellation);
    if (!cancellation.reason) {
      facts.attempts += 1;
      facts.device = null;
      facts.sent = 0;
    }
    push(this.#push, this.#means, this);
  }

  #end(isSuccess: boolean): void {
    const { offering } = this.#push;
    if (this.#hasPlace) this.#means.places.leave();
    this.#hasPlace = false;
    offering.verification.close();
    // What a success has offered may still be fetched: a device serves every announcement that it got (protocol 1.8).
    if (!isSuccess) offering.offer?.reset();
    else if (offering.announced > 1) offering.offer?.closeLater(servesAgainForMs);
    else offering.offer?.close();
    offering.offer = undefined;
  }
}

/** Waits so long, or until the device has the file after all, or the push is cancelled. */
function pause(ms: number, { offer, verification }: Offering, cancellation: Cancellation): Promise<void> {
  return new Promise((resolve) => {
    const goOn = () => {
      clearTimeout(timer);
      cancellation.forget(goOn);
      resolve();
    };
    const timer = setTimeout(goOn, ms);
    cancellation.whenHappened(goOn);
    offer?.ended.whenHappened(({ end }) => end === 'delivered' && goOn());
    verification.reached('installed').whenHappened(goOn);
  });
}
