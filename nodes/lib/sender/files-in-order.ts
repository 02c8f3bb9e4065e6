import type { Cancellation } from '../push/cancellation';
import type { Job, Means, Offering } from '../push/means';
import {
  type Doing,
  type Durations,
  newFacts,
  type Outcome,
  type Phase,
  type PushFacts,
  unchanged,
  type Verified,
} from '../push/outcome';
import { Verification } from '../push/verification';
import { pushWithRetries } from './attempts';
import type { Places } from './places';
import { pushToSleeper, type Sleepers } from './sleepers';

/** What all pushes of one sender share. */
export interface SenderMeans extends Means {
  /** The announcement's topic. */
  readonly topicOf: (target: string) => string;
  readonly places: Places;
  readonly sleepers: Sleepers;
}

/** How far a push is. */
export interface Snapshot {
  /** Of the bytes that the device's TCP has acknowledged; 100 only when nothing more is waited for. */
  readonly percent: number;
  readonly phase: Phase;
  /** Of the file that is under way. */
  readonly known: Readonly<PushFacts>;
}

/** Whoever is told of a push while it goes on. */
export interface TurnHooks {
  readonly onPhase?: (doing: Doing) => void;
  /** Told when a file's turn has come, with a way to ask from then on what is known of the push. */
  readonly onTurn?: ((snapshot: () => Snapshot) => void) | undefined;
}

/** The files of a push that has its device's turn: one after the other, until one does not succeed. */
export class FilesInOrder {
  /** Of each file that was tried. */
  readonly outcomes: Outcome[] = [];
  readonly #jobs: readonly Job[];
  readonly #known: readonly (Verified | undefined)[];
  readonly #hooks: TurnHooks;
  readonly #cancellation: Cancellation;
  readonly #means: SenderMeans;
  readonly #awaitedFrom = performance.now();
  #startedAt: number;
  #isAwake = false;

  /**
   * @param known how much is known of the device having each file already
   * @param startedAt when the push began, on the clock of `performance`
   */
  constructor(
    jobs: readonly Job[],
    known: readonly (Verified | undefined)[],
    hooks: TurnHooks,
    cancellation: Cancellation,
    startedAt: number,
    means: SenderMeans,
  ) {
    this.#jobs = restartingOnce(jobs, known);
    this.#known = known;
    this.#hooks = hooks;
    this.#cancellation = cancellation;
    this.#startedAt = startedAt;
    this.#means = means;
  }

  /** All have been pushed, or one has not succeeded. */
  get isOver(): boolean {
    const last = this.outcomes.at(-1);
    return this.outcomes.length === this.#jobs.length || (last !== undefined && last.code !== null);
  }

  /** Pushes the next one. To be told how it ended before the one after it. */
  push(): Outcome | Promise<Outcome> {
    const job = this.#jobs[this.outcomes.length];
    if (!job) throw new Error('no file is left');
    const facts = newFacts(job, this.#means.topicOf(job.target));
    const before = this.#known[this.outcomes.length];
    if (before && !this.#cancellation.reason) return unchanged(facts, before);
    const offering = newOffering(new Verification(job, this.#means));
    this.#tellTurn(facts, offering);
    const { onPhase = ignore } = this.#hooks;
    const underWay = { job, facts, offering, onPhase, cancellation: this.#cancellation, startedAt: this.#startedAt };
    if (!job.wake) return pushWithRetries(underWay, this.#means);
    const { wake } = job;
    const until = this.#awaitedFrom + wake.waitMs;
    return pushToSleeper(underWay, { jobs: this.#jobs, wake, until, isAwake: this.#isAwake }, this.#means);
  }

  /** How the one that was pushed has ended. */
  note(outcome: Outcome): void {
    this.outcomes.push(outcome);
    if (outcome.result === 'unchanged') return;
    this.#isAwake = true;
    outcome.durations.total = Math.round(performance.now() - this.#startedAt);
    this.#startedAt = performance.now();
  }

  #tellTurn(facts: PushFacts, offering: Offering): void {
    const { onTurn } = this.#hooks;
    if (!onTurn) return;
    const done = this.outcomes.length;
    onTurn(() => snapshotOf(this.#jobs, done, facts, offering));
  }
}

/** What the outcomes of a push's files come to: the last that was pushed decides. @param jobs one for each file */
export function asOne(outcomes: readonly Outcome[], jobs: readonly Job[]): Outcome {
  const last = outcomes.findLast(({ result }) => result !== 'unchanged') ?? outcomes.at(-1);
  if (!last) throw new Error('a push has a file');
  if (!jobs[0]?.isOfSet) return last;
  const count = jobs.length;
  const which = last.code === null ? `All ${count} files` : `File ${outcomes.length} of ${count}`;
  return {
    ...last,
    message: count > 1 ? `${which}: ${last.message}` : last.message,
    durations: sum(outcomes),
    files: outcomes,
  };
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

function snapshotOf(jobs: readonly Job[], done: number, facts: Readonly<PushFacts>, { offer }: Offering): Snapshot {
  const sent = Math.max(facts.sent, offer?.last?.sent ?? 0);
  const bytesOf = (some: readonly Job[]) => some.reduce((bytes, job) => bytes + job.bytes.length, 0);
  const [all, before] = [bytesOf(jobs), bytesOf(jobs.slice(0, done))];
  const awaitsItsWord = facts.phase === 'verify' && done === jobs.length - 1;
  const percent = awaitsItsWord ? 99 : Math.min(99, Math.floor((100 * (before + sent)) / (all || 1)));
  return { percent, phase: facts.phase, known: { ...facts, durations: { ...facts.durations }, sent } };
}

function sum(outcomes: readonly Outcome[]): Durations {
  const all = { queued: 0, connect: 0, transfer: 0, verify: 0, total: 0 };
  for (const { durations } of outcomes) {
    for (const phase of Object.keys(all) as (keyof Durations)[]) all[phase] += durations[phase];
  }
  return all;
}

function ignore(): void {
  // Nobody wants to know.
}
