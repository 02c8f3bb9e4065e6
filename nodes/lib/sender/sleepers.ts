import type { Cancellation } from '../push/cancellation';
import type { Broker, Job, Means, UnderWay } from '../push/means';
import { neverAwake, type Outcome } from '../push/outcome';
import { pushWithRetries } from './attempts';
import type { Places } from './places';

/** Why a push for a sleeping device waits no longer. */
export type Waking = 'awake' | 'too late' | 'cancelled' | 'superseded';

interface Sleeper {
  end(waking: Waking): void;
}

/**
 * Pushes that wait until their device speaks. A newer one for the same device and files takes the place of one that
 * waits, its turn included.
 */
export class Sleepers {
  readonly #asleep = new Map<string, Sleeper>();

  /** Ends the wait of an older push for the same device and files; false: none waits. */
  supersede(jobs: readonly Job[]): boolean {
    const older = this.#asleep.size > 0 ? this.#asleep.get(keyOf(jobs)) : undefined;
    older?.end('superseded');
    return older !== undefined;
  }

  /** Waits for a fresh message on the topic on which the device speaks when it wakes, until then at most. */
  wait(
    jobs: readonly Job[],
    topic: string,
    until: number,
    broker: Broker,
    cancellation: Cancellation,
  ): Promise<Waking> {
    const key = keyOf(jobs);
    return new Promise((resolve) => {
      let isOver = false;
      const end = (waking: Waking) => {
        if (isOver) return;
        isOver = true;
        if (this.#asleep.get(key) === sleeper) this.#asleep.delete(key);
        clearTimeout(timer);
        cancellation.forget(onCancel);
        stopListening();
        resolve(waking);
      };
      const onCancel = () => end('cancelled');
      const sleeper: Sleeper = { end };
      this.#asleep.set(key, sleeper);
      const timer = setTimeout(end, Math.max(0, until - performance.now()), 'too late');
      const stopListening = broker.listen(topic, ({ mayBeOld }) => mayBeOld || end('awake'));
      cancellation.whenHappened(onCancel);
    });
  }
}

/** A push to a device that sleeps. */
interface Sleep {
  /** All files of the push. */
  readonly jobs: readonly Job[];
  readonly wake: NonNullable<Job['wake']>;
  /** It waits no longer than until then, on the clock of `performance`. */
  readonly until: number;
  /** A file of a set that follows another one finds the device awake. */
  readonly isAwake: boolean;
}

/**
 * Waits for the device to speak, holding its turn but no port and no place, then pushes; and again where it did not come
 * after all.
 */
export async function pushToSleeper(
  underWay: UnderWay,
  { jobs, wake: { topic, waitMs }, until, ...sleep }: Sleep,
  means: Means & { readonly places: Places; readonly sleepers: Sleepers },
): Promise<Outcome> {
  const { facts, onPhase, cancellation } = underWay;
  let { isAwake } = sleep;
  for (;;) {
    if (!isAwake && !cancellation.reason) {
      facts.phase = 'waiting';
      onPhase('waiting');
      const waking = await means.sleepers.wait(jobs, topic, until, means.broker, cancellation);
      if (waking !== 'awake') return neverAwake(facts, waking, { topic, waitMs, reason: cancellation.reason });
    }
    const outcome = await new Promise<Outcome>((onOutcome, onBug) => {
      pushWithRetries(underWay, means, { onOutcome, onBug });
    });
    if (outcome.code !== 'no_connection' || performance.now() >= until) return outcome;
    isAwake = false;
  }
}

function keyOf(jobs: readonly Job[]): string {
  return jobs.map(({ target, filename }) => `${target}/${filename}`).join('|');
}
