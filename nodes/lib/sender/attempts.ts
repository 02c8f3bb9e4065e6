import type { Cancellation } from '../push/cancellation';
import type { Job, Means, Offering } from '../push/means';
import { type Doing, isNetworkFault, type Outcome, type PushFacts } from '../push/outcome';
import { push } from '../push/push';
import type { Places } from './places';

/** A push that has its turn. */
export interface UnderWay {
  readonly job: Job;
  readonly facts: PushFacts;
  readonly offering: Offering;
  readonly onPhase: (doing: Doing) => void;
  readonly cancellation: Cancellation;
  /** On the clock of `performance`. */
  readonly startedAt: number;
}

/** Where more than one announcement was sent, a busy device may come for each of them (protocol 1.8). */
const servesAgainForMs = 5000;

/**
 * Pushes when there is a place, and tries again after network faults.
 * All announcements are the same bytes, port included (protocol 1.8).
 */
export async function pushWithRetries(
  underWay: UnderWay,
  means: Means & { readonly places: Places },
): Promise<Outcome> {
  const { job, facts, offering, onPhase, cancellation, startedAt } = underWay;
  const { places } = means;
  const place = places.take(cancellation);
  const hasPlace = place === true || (await place);
  let isSuccess = false;
  facts.durations.queued = Math.round(performance.now() - startedAt);
  try {
    for (;;) {
      const outcome = await push(job, facts, means, offering, onPhase, cancellation);
      isSuccess = outcome.result === 'success';
      if (!isNetworkFault(outcome) || facts.attempts > job.retries) return outcome;
      offering.offer?.renew();
      onPhase('retry');
      await pause(job.retryDelayMs, offering, cancellation);
      if (cancellation.reason) continue;
      facts.attempts += 1;
      facts.device = null;
      facts.sent = 0;
    }
  } finally {
    if (hasPlace) places.leave();
    offering.verification.onReport = () => undefined;
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
    void offer?.ended.then(({ end }) => end === 'delivered' && goOn());
    void verification.reached('installed').then(goOn);
    cancellation.onCancel(goOn);
  });
}
