import type { FileOffer } from '../push/file-offer';
import type { Job } from '../push/means';
import type { Phase, PushFacts } from '../push/outcome';

/** How far a push is. */
export interface Snapshot {
  /** Of the bytes that the device's TCP has acknowledged; 100 only when nothing more is waited for. */
  readonly percent: number;
  readonly phase: Phase;
  /** Of the file that is under way. */
  readonly known: Readonly<PushFacts>;
}

/** @param done how many of the jobs are done @param facts of the one that is under way */
export function snapshotOf(
  jobs: readonly Job[],
  done: number,
  facts: Readonly<PushFacts>,
  offer: FileOffer | undefined,
): Snapshot {
  const sent = Math.max(facts.sent, offer?.last?.sent ?? 0);
  const bytesOf = (some: readonly Job[]) => some.reduce((bytes, job) => bytes + job.bytes.length, 0);
  const [all, before] = [bytesOf(jobs), bytesOf(jobs.slice(0, done))];
  const awaitsItsWord = facts.phase === 'verify' && done === jobs.length - 1;
  const percent = awaitsItsWord ? 99 : Math.min(99, Math.floor((100 * (before + sent)) / (all || 1)));
  return { percent, phase: facts.phase, known: { ...facts, durations: { ...facts.durations }, sent } };
}
