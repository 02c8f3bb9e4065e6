import { type Diagnostics, describeFailure, describeFull, describeOthers, describeWait } from './messages';
import type { AttemptCode, Code, PushState, Verified } from './state';

/** The word for people's flows: the payload of the outputs. */
export type Result = 'success' | 'unchanged' | 'timeout' | 'failed' | 'cancelled';

/** Whether it is a failure, until a push to the device succeeds; what was cancelled is none, and mends none. */
export const isFailure: Record<Result, boolean> = {
  success: false,
  unchanged: false,
  timeout: true,
  failed: true,
  cancelled: false,
};

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
export type Outcome = Readonly<PushState> &
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
  queue_full: 'failed',
};

/** As much is known of it as was asked for. */
export function succeeded(state: PushState): Outcome {
  const { target, filename, size, device, host, port, verified } = state;
  state.phase = 'done';
  const taken = `${target} (${device}) took all ${size} bytes of ${filename} from ${host}:${port}`;
  const message = `${taken} and ${proof[verified ?? 'delivered']}.`;
  return outcome(state, { result: 'success', code: null, message, remedy: null });
}

/** A push for a sleeping device that waits no longer. @param reason why it was cancelled */
export function neverAwake(
  state: PushState,
  why: 'too late' | 'cancelled' | 'superseded',
  { topic, waitMs, reason }: { readonly topic: string; readonly waitMs: number; readonly reason: string | undefined },
): Outcome {
  const code = why === 'too late' ? 'no_connection' : why;
  return outcome(state, { result: resultOf[code], code, ...describeWait(state, code, topic, waitMs, reason) });
}

/** It was not taken, since too much waits already. @param fullness how much, for people */
export function notTaken(state: PushState, fullness: string): Outcome {
  state.phase = 'done';
  return outcome(state, { result: resultOf.queue_full, code: 'queue_full', ...describeFull(state, fullness) });
}

/** Nothing was done: the device was given these bytes before. */
export function unchanged(state: PushState, verified: Verified): Outcome {
  state.phase = 'done';
  state.verified = verified;
  const message = `${state.target} was given these ${state.size} bytes of ${state.filename} before; nothing was announced.`;
  return outcome(state, { result: 'unchanged', code: null, message, remedy: null });
}

const proof: Record<Verified, string> = {
  delivered: 'closed the connection',
  installed: 'reported that it has installed it',
  running: 'reported that it runs it',
  online: 'is online',
};

/** It ended before that; what is known of the way between here and the device decides what to try. */
export function failed(state: PushState, code: AttemptCode, diagnostics: Diagnostics): Outcome {
  const { message, remedy } = describeFailure[code](state, diagnostics);
  return outcome(state, { result: resultOf[code], code, message, remedy });
}

/** In the order in which people read it. Each field by its name: spreading them costs ten times as much. */
function outcome(state: PushState, { result, code, message, remedy }: Success | Failure): Outcome {
  const { id, phase, verified, target, filename, size, hash, reboot, topic, host, port, device, others } = state;
  const { sent, attempts, durations, report } = state;
  return {
    id,
    result,
    code,
    message: others.length > 0 ? `${message} ${describeOthers(state)}` : message,
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
    others,
    sent,
    attempts,
    durations,
    report,
  } as Outcome;
}
