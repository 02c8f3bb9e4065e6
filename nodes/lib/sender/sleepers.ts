import type { Cancellation } from '../push/cancellation';
import type { Broker, Job } from '../push/means';

/** Why a push for a sleeping device waits no longer. */
export type Waking = 'awake' | 'too late' | 'cancelled' | 'superseded';

interface Sleeper {
  end(waking: Waking): void;
}

/**
 * Pushes that wait until their device speaks. A newer one for the same device and file takes the place of one that
 * waits, its turn included.
 */
export class Sleepers {
  readonly #asleep = new Map<string, Sleeper>();

  /** Ends the wait of an older push for the same device and file; false: none waits. */
  supersede(job: Job): boolean {
    const older = this.#asleep.get(keyOf(job));
    older?.end('superseded');
    return older !== undefined;
  }

  /** Waits for a fresh message on the topic on which the device speaks when it wakes, until then at most. */
  wait(job: Job, topic: string, until: number, broker: Broker, cancellation: Cancellation): Promise<Waking> {
    return new Promise((resolve) => {
      let isOver = false;
      const end = (waking: Waking) => {
        if (isOver) return;
        isOver = true;
        if (this.#asleep.get(keyOf(job)) === sleeper) this.#asleep.delete(keyOf(job));
        clearTimeout(timer);
        cancellation.forget(onCancel);
        stopListening();
        resolve(waking);
      };
      const onCancel = () => end('cancelled');
      const sleeper: Sleeper = { end };
      this.#asleep.set(keyOf(job), sleeper);
      const timer = setTimeout(end, Math.max(0, until - performance.now()), 'too late');
      const stopListening = broker.listen(topic, ({ mayBeOld }) => mayBeOld || end('awake'));
      cancellation.onCancel(onCancel);
    });
  }
}

function keyOf({ target, filename }: Job): string {
  return `${target}/${filename}`;
}
