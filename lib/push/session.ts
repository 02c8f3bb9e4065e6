import type { Report } from '../protocol/report';
import type { FileServer } from '../transfer/file-server';
import type { AnnouncedHost } from './announced-host';
import type { PushHooks } from './hooks';
import type { Job } from './job';
import type { PushServices } from './services';
import { initialState, type PushState } from './state';
import { Verification } from './verification';

/** One file on its way to one device, and what its attempts share: all its announcements are the same bytes (protocol 1.8). */
export interface PushSession {
  readonly job: Job;
  readonly state: PushState;
  readonly verification: Verification;
  readonly hooks: PushHooks;
  /** On the clock of `performance`: when it began to wait for its turn. */
  readonly startedAt: number;
  fileServer: FileServer | undefined;
  /** Where that listens. */
  host: AnnouncedHost | undefined;
  announcement: string | undefined;
  /** How often it was announced. */
  announcements: number;
  /** It has gone on from the device's own counter, which it does once (protocol 6.4). */
  hasGoneOn: boolean;
  /** The broker has said so of the last announcement (MQTT 5 only). */
  nobodySubscribed: boolean;
  /** What the device has said between two attempts, where another would come to the same. */
  refusal: Report | undefined;
}

export function newSession(job: Job, services: PushServices, hooks: PushHooks, startedAt: number): PushSession {
  return {
    job,
    state: initialState(job, services.topicOf(job.target)),
    verification: new Verification(job, services),
    hooks,
    startedAt,
    fileServer: undefined,
    host: undefined,
    announcement: undefined,
    announcements: 0,
    hasGoneOn: false,
    nobodySubscribed: false,
    refusal: undefined,
  };
}

/**
 * What a report means for the push that is under way:
 * - `stale`: nothing, it tells of what was before
 * - `installed`: the file is in place
 * - `counter_behind`: its counter is ahead of ours, which was lost, or another sender's is ahead (protocol 6.4)
 * - `rejected`: the device did not take the file, or took it back
 */
export type ReportMeaning = 'stale' | 'installed' | 'counter_behind' | 'rejected';

export function classifyReport(
  report: Report,
  { state, verification, hasGoneOn, fileServer }: PushSession,
): ReportMeaning {
  if (report.state === 'installed' || report.state === 'running') return 'installed';
  // A board says again at each start that it took a file back, and what it could not say while it was away.
  if (report.state === 'rolled_back' && state.verified === null) return 'stale';
  if (isOfItsConnection(report) && state.attempts > 1 && !fileServer?.isFetched) return 'stale';
  if (report.error !== 'replayed' || report.counter === undefined) return 'rejected';
  if (report.counter < verification.counter) return 'stale';
  return hasGoneOn ? 'rejected' : 'counter_behind';
}

/** Whether a report that comes between two attempts makes another one useless, as the network was not the cause. */
export function isRefusal(report: Report): boolean {
  return report.state === 'failed' && !isOfItsConnection(report) && report.error !== 'replayed';
}

/** Whether a report tells of a connection that failed: of one of several announcements, others of which may have been served. */
export function isOfItsConnection({ error }: Report): boolean {
  return error === 'connect_failed' || error === 'timed_out';
}
