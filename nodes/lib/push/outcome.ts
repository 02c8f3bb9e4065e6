import { advise, adviseOnSleeper } from './advice';
import type { Evidence } from './evidence';
import type { Job } from './means';
import type { Report } from './report';

/** The word for people's flows: the payload of the outputs. */
export type Result = 'success' | 'unchanged' | 'timeout' | 'failed' | 'cancelled';

/** The stable word for the reason of anything but a success. */
export type Code =
  | 'no_connection'
  | 'stalled'
  | 'broker_offline'
  | 'publish_failed'
  | 'listen_failed'
  | 'interrupted'
  | 'rejected'
  | 'not_verified'
  | 'cancelled'
  | 'superseded';

/** What an attempt can end with: only a push that waits can be superseded. */
export type AttemptCode = Exclude<Code, 'superseded'>;

/** Where a push is, or where it ended. */
export type Phase = 'queued' | 'waiting' | 'announce' | 'connect' | 'transfer' | 'verify' | 'done';

/** What a push is doing, as people are told: a phase, or the pause before another attempt. */
export type Doing = Phase | 'retry';

/** How much is known of a success. */
export type Verified = 'delivered' | 'installed' | 'running' | 'online';

/** Whole milliseconds; a phase that was not reached took none. */
export interface Durations {
  queued: number;
  connect: number;
  transfer: number;
  verify: number;
  total: number;
}

/** What is known of a push while it goes on and when it has ended. */
export interface PushFacts {
  readonly id: string;
  phase: Phase;
  verified: Verified | null;
  readonly target: string;
  readonly filename: string;
  /** Bytes of the file. */
  readonly size: number;
  /** As announced. */
  readonly hash: string;
  readonly reboot: boolean;
  readonly topic: string;
  /** What was announced; null before. */
  host: string | null;
  port: number | null;
  /** The address that fetched the file. */
  device: string | null;
  /** Bytes that the device's TCP is known to have acknowledged (protocol 2.7). */
  sent: number;
  attempts: number;
  readonly durations: Durations;
  /** The device's own word on this push. */
  report: Report | null;
}

/** Of a push that has not begun. */
export function newFacts(job: Job, topic: string): PushFacts {
  const { id, target, filename, bytes, hash, reboot } = job;
  return {
    id,
    phase: 'queued',
    verified: null,
    target,
    filename,
    size: bytes.length,
    hash,
    reboot,
    topic,
    host: null,
    port: null,
    device: null,
    sent: 0,
    attempts: 1,
    durations: { queued: 0, connect: 0, transfer: 0, verify: 0, total: 0 },
    report: null,
  };
}

interface Success {
  readonly result: 'success' | 'unchanged';
  readonly code: null;
  readonly message: string;
  readonly remedy: null;
}

interface Failure {
  readonly result: Exclude<Result, Success['result']>;
  readonly code: Code;
  readonly message: string;
  readonly remedy: string;
}

/** What a push came to. */
export type Outcome = Readonly<PushFacts> &
  (Success | Failure) & {
    /** Of a set: how each file ended that was tried, in order. */
    readonly files?: readonly Outcome[];
  };

/** What another attempt may help against: a device that refuses will refuse again. */
const networkFaults: ReadonlySet<Code | null> = new Set<Code>([
  'no_connection',
  'stalled',
  'interrupted',
  'broker_offline',
  'publish_failed',
]);

export function isNetworkFault({ code }: Outcome): boolean {
  return networkFaults.has(code);
}

const resultOf: Record<Code, Failure['result']> = {
  no_connection: 'timeout',
  stalled: 'timeout',
  broker_offline: 'failed',
  publish_failed: 'failed',
  listen_failed: 'failed',
  interrupted: 'failed',
  rejected: 'failed',
  not_verified: 'timeout',
  cancelled: 'cancelled',
  superseded: 'cancelled',
};

/** As much is known of it as was asked for. */
export function succeeded(facts: PushFacts): Outcome {
  const { target, filename, size, device, host, port, verified } = facts;
  facts.phase = 'done';
  const taken = `${target} (${device}) took all ${size} bytes of ${filename} from ${host}:${port}`;
  const message = `${taken} and ${proof[verified ?? 'delivered']}.`;
  return outcome(facts, { result: 'success', code: null, message, remedy: null });
}

/** A push for a sleeping device that waits no longer. @param reason why it was cancelled */
export function neverAwake(
  facts: PushFacts,
  why: 'too late' | 'cancelled' | 'superseded',
  { topic, waitMs, reason }: { readonly topic: string; readonly waitMs: number; readonly reason: string | undefined },
): Outcome {
  const code = why === 'too late' ? 'no_connection' : why;
  return outcome(facts, { result: resultOf[code], code, ...adviseOnSleeper(facts, code, topic, waitMs, reason) });
}

/** Nothing was done: the device was given these bytes before. */
export function unchanged(facts: PushFacts, verified: Verified): Outcome {
  facts.phase = 'done';
  facts.verified = verified;
  const message = `${facts.target} was given these ${facts.size} bytes of ${facts.filename} before; nothing was announced.`;
  return outcome(facts, { result: 'unchanged', code: null, message, remedy: null });
}

const proof: Record<Verified, string> = {
  delivered: 'closed the connection',
  installed: 'reported that it has installed it',
  running: 'reported that it runs it',
  online: 'is online',
};

/** It ended before that; what is known of the way between here and the device decides what to try. */
export function failed(facts: PushFacts, code: AttemptCode, evidence: Evidence): Outcome {
  const { message, remedy } = advise[code](facts, evidence);
  return outcome(facts, { result: resultOf[code], code, message, remedy });
}

/** In the order in which people read it. Each field by its name: spreading them costs ten times as much. */
function outcome(facts: PushFacts, { result, code, message, remedy }: Success | Failure): Outcome {
  const { id, phase, verified, target, filename, size, hash, reboot, topic, host, port, device, sent } = facts;
  const { attempts, durations, report } = facts;
  return {
    id,
    result,
    code,
    message,
    remedy,
    phase,
    verified,
    target,
    filename,
    size,
    hash,
    reboot,
    topic,
    host,
    port,
    device,
    sent,
    attempts,
    durations,
    report,
  } as Outcome;
}
