import type { Ending } from '../ending';
import type { PushHooks } from './hooks';
import type { Job } from './job';
import { type Outcome, unchanged } from './outcome';
import { pushWithRetries } from './retry';
import type { PushServices } from './services';
import { newSession } from './session';
import { snapshotOf } from './snapshot';
import { type Durations, initialState, type Verified } from './state';
import { pushWhenAwake, type SleepingPush } from './wake';

/**
 * Pushes the files of one push to its device, whose turn has come: one after the other, until one does not succeed.
 * @param jobs one for each file
 * @param createdAt on the clock of `performance`: when it began to wait for its turn
 */
export async function pushFiles(
  jobs: readonly Job[],
  services: PushServices,
  ending: Ending,
  hooks: PushHooks,
  createdAt: number,
): Promise<Outcome> {
  const turnAt = performance.now();
  const known = hooks.ifUnchanged === 'skip' ? knownLevels(jobs, services) : [];
  const files = restartingOnce(jobs, known);
  const outcomes: Outcome[] = [];
  let startedAt = createdAt;
  for (const job of files) {
    const done = outcomes.length;
    const level = known[done];
    if (level && !ending.isAborted) {
      outcomes.push(unchanged(initialState(job, services.topicOf(job.target)), level));
      continue;
    }
    const session = newSession(job, services, hooks, startedAt);
    hooks.onStart?.(() => snapshotOf(files, done, session));
    const outcome = await (job.wake
      ? pushWhenAwake(session, sleepingPush(jobs, job.wake, turnAt, outcomes), services, ending)
      : pushWithRetries(session, services, ending));
    outcome.durations.total = Math.round(performance.now() - startedAt);
    startedAt = performance.now();
    outcomes.push(outcome);
    if (outcome.code !== null) break;
  }
  const combined = combineOutcomes(outcomes, jobs);
  combined.durations.total = Math.round(performance.now() - createdAt);
  services.history.record(combined, jobs, hooks.purpose ?? 'push');
  return combined;
}

/** @param outcomes of the files before: one that was taken has found the device awake */
function sleepingPush(
  jobs: readonly Job[],
  wake: SleepingPush['wake'],
  turnAt: number,
  outcomes: readonly Outcome[],
): SleepingPush {
  const isAwake = outcomes.some(({ result }) => result === 'success');
  return { jobs, wake, until: turnAt + wake.waitMs, isAwake };
}

/** How much is known of the device having each file already. */
function knownLevels(jobs: readonly Job[], { reports, history }: PushServices): readonly (Verified | undefined)[] {
  const lastOf = ({ target, key }: Job) => reports.lastOf(target, key === undefined ? 'any' : 'signed');
  return jobs.map((job) => history.unchanged(job, lastOf(job)));
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

/** What the outcomes of a push's files come to: the last that was pushed decides. */
function combineOutcomes(outcomes: readonly Outcome[], jobs: readonly Job[]): Outcome {
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

function sum(outcomes: readonly Outcome[]): Durations {
  const all = { queued: 0, connect: 0, transfer: 0, verify: 0, total: 0 };
  for (const { durations } of outcomes) {
    for (const phase of Object.keys(all) as (keyof Durations)[]) all[phase] += durations[phase];
  }
  return all;
}
