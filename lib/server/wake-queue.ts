import { EventEmitter } from 'node:events';
import type { Ending } from '../ending';
import type { Job } from '../push/job';
import type { Broker, WaitResult, WakeQueue } from '../push/services';
import { Deferred } from '../transfer/deferred';

/** A push that waits until its device speaks. */
class WaitingPush {
  readonly #result = new Deferred<WaitResult>();
  #isOver = false;
  /** A newer push has its turn, and takes its place when it begins. */
  isClaimed = false;

  get result(): Promise<WaitResult> {
    return this.#result.promise;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** The first reason wins. */
  end(result: WaitResult): void {
    this.#isOver = true;
    this.#result.resolve(result);
  }
}

/** What a newer push for the same device and files has of one that waits: its turn, and its place as soon as it begins. */
export interface Claim {
  /** The newer one begins: the one that waits ends as superseded. */
  take(): void;
  /** The newer one ends before it has begun. @returns whether the other one still waits, and has its turn back */
  giveBack(): boolean;
}

/** Pushes that wait until their device speaks. */
export class DeviceWakeQueue implements WakeQueue {
  readonly #waiting = new Map<string, WaitingPush>();
  /** An event for each push that begins to wait or waits on, by its device and files. */
  readonly #waits = new EventEmitter().setMaxListeners(0);
  /** Those whose turn a newer push has got. */
  readonly #turnless = new WeakSet<readonly Job[]>();

  constructor(readonly broker: Broker) {}

  /** The claim of a newer push on an older one for the same device and files; undefined: none waits. */
  claim(jobs: readonly Job[]): Claim | undefined {
    if (this.#waiting.size === 0) return undefined;
    const key = keyOf(jobs);
    const older = this.#waiting.get(key);
    if (!older || older.isOver || older.isClaimed) return undefined;
    older.isClaimed = true;
    return {
      take: () => older.end('superseded'),
      giveBack: () => {
        older.isClaimed = false;
        if (!older.isOver) this.#waits.emit(key);
        return !older.isOver;
      },
    };
  }

  /** Calls back when an older push for the same device and files begins to wait, or waits on, until the returned function is called. */
  onWait(jobs: readonly Job[], listener: () => void): () => void {
    const key = keyOf(jobs);
    this.#waits.on(key, listener);
    return () => this.#waits.off(key, listener);
  }

  /** Whether the turn that this push had is a newer one's. */
  hasLostTurn(jobs: readonly Job[]): boolean {
    return this.#turnless.has(jobs);
  }

  async wait(jobs: readonly Job[], topic: string, until: number, ending: Ending): Promise<WaitResult> {
    const key = keyOf(jobs);
    const push = new WaitingPush();
    const onAbort = () => push.end('cancelled');
    const stopListening = this.broker.listen(topic, ({ maybeStale }) => {
      if (!maybeStale && !push.isClaimed) push.end('awake');
    });
    const timer = setTimeout(() => push.end('too late'), Math.max(0, until - performance.now()));
    ending.onAbort(onAbort);
    this.#waiting.set(key, push);
    this.#waits.emit(key);
    try {
      return await push.result;
    } finally {
      if (push.isClaimed) this.#turnless.add(jobs);
      if (this.#waiting.get(key) === push) this.#waiting.delete(key);
      ending.offAbort(onAbort);
      clearTimeout(timer);
      stopListening();
    }
  }
}

function keyOf(jobs: readonly Job[]): string {
  return jobs.map(({ target, filename }) => `${target}/${filename}`).join('|');
}
