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
  /** The announcement's topic; `{target}` stands for the hostname. */
  readonly topic: string;
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

/** A push that has its device's turn. */
interface Turn {
  readonly jobs: readonly Job[];
  /** How much is known of the device having each file already; undefined where nobody has asked. */
  readonly known: readonly (Verified | undefined)[] | undefined;
  readonly onPhase: (doing: Doing) => void;
  readonly onTurn: ((snapshot: () => Snapshot) => void) | undefined;
  readonly cancellation: Cancellation;
  /** On the clock of `performance`. */
  readonly startedAt: number;
}

/** Pushes the files of a set in order, and stops at the first that does not succeed. Resolves to how each of them ended. */
export async function pushInOrder(turn: Turn, means: SenderMeans): Promise<Outcome[]> {
  const { jobs, known = [], onPhase, onTurn, cancellation } = turn;
  const outcomes: Outcome[] = [];
  const awaitedFrom = performance.now();
  let { startedAt } = turn;
  let isAwake = false;
  for (const job of restartingOnce(jobs, known)) {
    const facts = newFacts(
      job,
      means.topic.replace('{target}', () => job.target),
    );
    const before = known[outcomes.length];
    if (before && !cancellation.reason) {
      outcomes.push(unchanged(facts, before));
      continue;
    }
    const offering = newOffering(new Verification(job, means));
    const done = outcomes.length;
    onTurn?.(() => snapshotOf(jobs, done, facts, offering));
    const underWay = { job, facts, offering, onPhase, cancellation, startedAt };
    try {
      const { wake } = job;
      const outcome = wake
        ? await pushToSleeper(underWay, { jobs, wake, until: awaitedFrom + wake.waitMs, isAwake }, means)
        : await pushWithRetries(underWay, means);
      isAwake = true;
      outcomes.push(outcome);
      if (outcome.code !== null) break;
    } finally {
      offering.verification.close();
      facts.durations.total = Math.round(performance.now() - startedAt);
    }
    startedAt = performance.now();
  }
  return outcomes;
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
  return { offer: undefined, announcement: undefined, counter: 0, hasGoneOn: false, announced: 0, verification };
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
