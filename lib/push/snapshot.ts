import type { Job } from './job';
import type { PushSession } from './session';
import type { PushSnapshot } from './state';

/** @param jobs of the whole push @param done how many of them are @param session of the one that is under way */
export function snapshotOf(jobs: readonly Job[], done: number, { state, fileServer }: PushSession): PushSnapshot {
  const sent = Math.max(state.sent, fileServer?.last?.sent ?? 0);
  const bytesOf = (some: readonly Job[]) => some.reduce((bytes, job) => bytes + job.bytes.length, 0);
  const [all, before] = [bytesOf(jobs), bytesOf(jobs.slice(0, done))];
  const isLastVerified = state.phase === 'verify' && done === jobs.length - 1;
  const percent = isLastVerified ? 99 : Math.min(99, Math.floor((100 * (before + sent)) / (all || 1)));
  return { percent, phase: state.phase, known: { ...state, durations: { ...state.durations }, sent } };
}
