import type { Ending } from '../ending';
import type { Job } from './job';
import { neverAwake, type Outcome } from './outcome';
import { pushWithRetries } from './retry';
import type { PushServices } from './services';
import type { PushSession } from './session';

/** A push to a device that sleeps. */
export interface SleepingPush {
  /** All files of the push. */
  readonly jobs: readonly Job[];
  readonly wake: NonNullable<Job['wake']>;
  /** It waits no longer than until then, on the clock of `performance`. */
  readonly until: number;
  /** A file of a set that follows another one finds the device awake. */
  readonly isAwake: boolean;
}

/**
 * Waits for the device to speak, holding its turn but no port and no slot, then pushes; and again where it did not come
 * after all.
 */
export async function pushWhenAwake(
  session: PushSession,
  { jobs, wake: { topic, waitMs }, until, ...sleeping }: SleepingPush,
  services: PushServices,
  ending: Ending,
): Promise<Outcome> {
  const { state, hooks } = session;
  let { isAwake } = sleeping;
  for (;;) {
    if (!isAwake && !ending.isAborted) {
      state.phase = 'waiting';
      hooks.onActivity?.('waiting');
      const result = await services.wakeQueue.wait(jobs, topic, until, ending);
      if (result !== 'awake') return neverAwake(state, result, { topic, waitMs, reason: ending.reason });
    }
    const outcome = await pushWithRetries(session, services, ending);
    if (outcome.code !== 'no_connection' || performance.now() >= until) return outcome;
    isAwake = false;
  }
}
