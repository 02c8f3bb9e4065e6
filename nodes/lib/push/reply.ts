import type { UnderWay } from './means';
import type { Report } from './report';

/**
 * What a report means for the push that is under way:
 * - `old`: nothing, it tells of what was before
 * - `installed`: the file is in place
 * - `behind`: its counter is ahead of ours, which was lost, or another sender's is ahead (protocol 6.4)
 * - `rejected`: the device did not take the file, or took it back
 */
export type Reply = 'old' | 'installed' | 'behind' | 'rejected';

export function replyOf(report: Report, { facts, offering }: UnderWay): Reply {
  const { state, error, counter } = report;
  if (state === 'installed' || state === 'running') return 'installed';
  // A board says again at each start that it took a file back, and what it could not say while it was away.
  if (state === 'rolled_back' && facts.verified === null) return 'old';
  const isOfItsConnection = error === 'connect_failed' || error === 'timed_out';
  if (isOfItsConnection && facts.attempts > 1 && !offering.offer?.isFetched) return 'old';
  if (error !== 'replayed' || counter === undefined) return 'rejected';
  if (counter < offering.counter) return 'old';
  return offering.hasGoneOn ? 'rejected' : 'behind';
}
