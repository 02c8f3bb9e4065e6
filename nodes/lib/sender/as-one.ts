import type { Job } from '../push/means';
import type { Durations, Outcome } from '../push/outcome';

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

function sum(outcomes: readonly Outcome[]): Durations {
  const all = { queued: 0, connect: 0, transfer: 0, verify: 0, total: 0 };
  for (const { durations } of outcomes) {
    for (const phase of Object.keys(all) as (keyof Durations)[]) all[phase] += durations[phase];
  }
  return all;
}
