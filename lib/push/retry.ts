import { setTimeout } from 'node:timers/promises';
import type { Ending } from '../ending';
import { Deferred } from '../transfer/deferred';
import type { FileServer } from '../transfer/file-server';
import { isNetworkFault, type Outcome } from './outcome';
import { push } from './push';
import type { PushServices } from './services';
import { isRefusal, type PushSession } from './session';

/** Where more than one announcement was sent, a busy device may come for each of them (protocol 1.8). */
const servesAgainForMs = 5000;

/**
 * Pushes when there is a slot, and tries again after network faults. All announcements are the same bytes, port included
 * (protocol 1.8).
 */
export async function pushWithRetries(session: PushSession, services: PushServices, ending: Ending): Promise<Outcome> {
  const { job, state, verification, startedAt } = session;
  let isSuccess = false;
  let stopListening: (() => void) | undefined;
  const hasSlot = services.slots.tryAcquire() || (await services.slots.acquire(ending));
  try {
    state.durations.queued = Math.round(performance.now() - startedAt);
    stopListening = verification.listen();
    for (;;) {
      const outcome = await push(session, services, ending);
      isSuccess = outcome.code === null;
      if (!isNetworkFault(outcome) || state.attempts > job.retries) return outcome;
      await pauseBeforeRetry(session, ending);
      if (!ending.isAborted) Object.assign(state, { attempts: state.attempts + 1, device: null, sent: 0 });
    }
  } finally {
    stopListening?.();
    stopServing(session, isSuccess);
    if (hasSlot) services.slots.release();
  }
}

/** Waits for the retry delay, or until the device has the file after all or says why it will not, or the push is cancelled. */
async function pauseBeforeRetry(session: PushSession, ending: Ending): Promise<void> {
  const { job, fileServer, verification, hooks } = session;
  fileServer?.reset();
  hooks.onActivity?.('retry');
  const stop = new AbortController();
  const delay = setTimeout(job.retryDelayMs, undefined, { signal: stop.signal });
  const refused = new Deferred<void>();
  verification.onReport = (report) => {
    if (!isRefusal(report)) return;
    session.refusal = report;
    refused.resolve();
  };
  const hasIt = [verification.reached('installed'), ...(fileServer ? [delivered(fileServer)] : [])];
  try {
    await ending.settled(Promise.race([delay, refused.promise, ...hasIt]));
  } finally {
    verification.onReport = undefined;
    stop.abort();
    fileServer?.forgetInterruptions();
  }
}

/** Resolves when somebody takes the whole file; never where the fetching ends in another way. */
async function delivered(fileServer: FileServer): Promise<void> {
  const { end } = await fileServer.ended;
  if (end !== 'delivered') await new Promise<never>(() => undefined);
}

/** What a success has served may still be fetched: a device serves every announcement that it got (protocol 1.8). */
function stopServing(session: PushSession, isSuccess: boolean): void {
  const { fileServer, announcements } = session;
  if (!isSuccess) fileServer?.abort();
  else if (announcements > 1) fileServer?.closeLater(servesAgainForMs);
  else fileServer?.close();
  session.fileServer = undefined;
}
