import type { Cancellation } from '../push/cancellation';
import type { Job, Means, Memory, Offering } from '../push/means';
import { type Doing, newFacts, type Outcome, type PushFacts, unchanged, type Verified } from '../push/outcome';
import type { PushWatcher } from '../push/push';
import { Verification } from '../push/verification';
import { asOne } from './as-one';
import { pushWithRetries } from './attempts';
import type { Places } from './places';
import { pushToSleeper, type Sleepers } from './sleepers';
import { type Snapshot, snapshotOf } from './snapshot';

/** What all pushes of one sender share. */
export interface SenderMeans extends Means {
  /** The announcement's topic. */
  readonly topicOf: (target: string) => string;
  readonly places: Places;
  readonly sleepers: Sleepers;
}

/** Whoever wants to know more of a push than its end. */
export interface PushHooks {
  readonly onPhase?: (doing: Doing) => void;
  /** Told when the device's turn is another push's, which may take days. */
  readonly onHeldUp?: () => void;
  /** Told when a file's turn has come, with a way to ask from then on what is known of the push. */
  readonly onTurn?: ((snapshot: () => Snapshot) => void) | undefined;
  /** What devices were given before: they are not given the same again. */
  readonly memory?: Memory | undefined;
}

/** Told when a push has ended, before its outcome is. */
export interface TurnWatcher {
  /** @param leavesTurn the device's turn is free again */
  onTurnEnd(target: string, cancellation: Cancellation, leavesTurn: boolean): void;
}

/** The files of one push: one after the other, until one does not succeed. */
export class FilesInOrder implements PushWatcher {
  readonly target: string;
  readonly #hooks: PushHooks;
  readonly #cancellation: Cancellation;
  readonly #means: SenderMeans;
  readonly #watcher: TurnWatcher;
  readonly #outcomes: Outcome[] = [];
  readonly #createdAt = performance.now();
  #jobs: readonly Job[];
  /** How much is known of the device having each file already. */
  #known: readonly (Verified | undefined)[] = [];
  #resolve: (outcome: Outcome) => void = ignore;
  #reject: (bug: unknown) => void = ignore;
  #hasTurn = false;
  #isOver = false;
  #turnAt = 0;
  #startedAt = this.#createdAt;

  /** @param jobs of one device, one per file */
  constructor(
    jobs: readonly Job[],
    cancellation: Cancellation,
    hooks: PushHooks,
    means: SenderMeans,
    watcher: TurnWatcher,
  ) {
    if (!jobs[0]) throw new Error('a push has a file');
    this.target = jobs[0].target;
    this.#jobs = jobs;
    this.#cancellation = cancellation;
    this.#hooks = hooks;
    this.#means = means;
    this.#watcher = watcher;
  }

  /** To be called when the device's turn has come. @param hasTurn false: it was cancelled before */
  push(hasTurn: boolean): Promise<Outcome> {
    this.#hasTurn = hasTurn;
    this.#turnAt = performance.now();
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      this.#begin();
    });
  }

  #begin(): void {
    const { memory } = this.#hooks;
    try {
      if (memory) this.#recall(memory).catch((bug: unknown) => this.onBug(bug));
      else this.#pushFirst();
    } catch (bug) {
      this.onBug(bug);
    }
  }

  /** How the file under way has ended. */
  onOutcome(outcome: Outcome): void {
    outcome.durations.total = Math.round(performance.now() - this.#startedAt);
    this.#outcomes.push(outcome);
    this.#startedAt = performance.now();
    if (outcome.code !== null) this.#end();
    else this.#pushNext();
  }

  onBug(bug: unknown): void {
    this.#leave(this.#hasTurn);
    this.#reject(bug);
  }

  async #recall(memory: Memory): Promise<void> {
    const last = this.#means.reports.lastOf(this.target);
    this.#known = await Promise.all(this.#jobs.map((job) => memory.unchanged(job, last)));
    this.#pushFirst();
  }

  #pushFirst(): void {
    this.#jobs = restartingOnce(this.#jobs, this.#known);
    this.#pushNext();
  }

  #pushNext(): void {
    this.#skipUnchanged();
    const job = this.#jobs[this.#outcomes.length];
    if (!job) {
      this.#end();
      return;
    }
    const offering = newOffering(new Verification(job, this.#means));
    const facts = newFacts(job, this.#means.topicOf(job.target));
    this.#tellTurn(facts, offering);
    const { onPhase = ignore } = this.#hooks;
    const underWay = { job, facts, offering, onPhase, cancellation: this.#cancellation, startedAt: this.#startedAt };
    if (job.wake) {
      const isAwake = this.#outcomes.some(({ result }) => result === 'success');
      const sleep = { jobs: this.#jobs, wake: job.wake, until: this.#turnAt + job.wake.waitMs, isAwake };
      const pushed = pushToSleeper(underWay, sleep, this.#means);
      pushed.then((outcome) => this.onOutcome(outcome)).catch((bug: unknown) => this.onBug(bug));
    } else {
      pushWithRetries(underWay, this.#means, this);
    }
  }

  #skipUnchanged(): void {
    for (;;) {
      const known = this.#known[this.#outcomes.length];
      const job = this.#jobs[this.#outcomes.length];
      if (!job || !known || this.#cancellation.reason) return;
      this.#outcomes.push(unchanged(newFacts(job, this.#means.topicOf(job.target)), known));
    }
  }

  #tellTurn(facts: PushFacts, offering: Offering): void {
    const { onTurn } = this.#hooks;
    if (!onTurn) return;
    const done = this.#outcomes.length;
    onTurn(() => snapshotOf(this.#jobs, done, facts, offering.offer));
  }

  #end(): void {
    const { memory } = this.#hooks;
    if (!memory) {
      this.#tell();
      return;
    }
    const noted = memory.note(this.#outcomes);
    noted.then(() => this.#tell()).catch((bug: unknown) => this.onBug(bug));
  }

  #tell(): void {
    const outcome = asOne(this.#outcomes, this.#jobs);
    outcome.durations.total = Math.round(performance.now() - this.#createdAt);
    // Whoever took the place of this one has its turn too.
    this.#leave(this.#hasTurn && outcome.code !== 'superseded');
    this.#resolve(outcome);
  }

  /** Once, whatever goes wrong: the turn may be another push's already. */
  #leave(leavesTurn: boolean): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#watcher.onTurnEnd(this.target, this.#cancellation, leavesTurn);
  }
}

/**
 * The device restarts after the last of the files that it does not have. Before that it does not come back, so its
 * online topic is not waited for.
 */
function restartingOnce(jobs: readonly Job[], known: readonly (Verified | undefined)[]): readonly Job[] {
  if (jobs.length === 1) return jobs;
  const last = jobs.findLastIndex((_, index) => known[index] === undefined);
  return jobs.map((job, index) => {
    if (index === last) return job;
    return { ...job, reboot: false, verify: job.verify.level === 'online' ? { level: 'auto' } : job.verify };
  });
}

function newOffering(verification: Verification): Offering {
  return {
    offer: undefined,
    host: undefined,
    announcement: undefined,
    counter: 0,
    hasGoneOn: false,
    announced: 0,
    nobodySubscribed: false,
    verification,
  };
}

function ignore(): void {
  // Nobody wants to know.
}
