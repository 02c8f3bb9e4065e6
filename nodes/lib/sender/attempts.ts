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
  const { job, facts, offering, cancellation } = underWay;
  const place = means.places.take(cancellation);
  const hasPlace = place === true || (await place);
  facts.durations.queued = Math.round(performance.now() - underWay.startedAt);
  offering.verification.listen();
  try {
    for (;;) {
      const outcome = await push(job, facts, means, offering, underWay.onPhase, cancellation);
      if (!isNetworkFault(outcome) || facts.attempts > job.retries) return outcome;
      await pauseBeforeRetry(underWay);
    }
  } finally {
    if (hasPlace) means.places.leave();
    offering.verification.close();
    endOffer(offering, facts.phase === 'done');
  }
}

/** What a success has offered may still be fetched: a device serves every announcement that it got (protocol 1.8). */
function endOffer(offering: Offering, isSuccess: boolean): void {
  if (!isSuccess) offering.offer?.reset();
  else if (offering.announced > 1) offering.offer?.closeLater(servesAgainForMs);
  else offering.offer?.close();
  offering.offer = undefined;
}

async function pauseBeforeRetry({ job, facts, offering, onPhase, cancellation }: UnderWay): Promise<void> {
  offering.offer?.renew();
  onPhase('retry');
  await pause(job.retryDelayMs, offering, cancellation);
  if (cancellation.reason) return;
  facts.attempts += 1;
  facts.device = null;
  facts.sent = 0;
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
    offer?.ended.tell(({ end }) => end === 'delivered' && goOn());
    verification.reached('installed').tell(goOn);
    cancellation.tell(goOn);
  });
}
