import type { Report } from '../protocol/report';
import type { Job } from './job';

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
  | 'superseded'
  | 'queue_full';

/** What an attempt can end with: only a push that waits can be superseded, and one that is not taken has none. */
export type AttemptCode = Exclude<Code, 'superseded' | 'queue_full'>;

/** Where a push is, or where it ended. */
export type Phase = 'queued' | 'waiting' | 'announce' | 'connect' | 'transfer' | 'verify' | 'done';

/** What a push is doing, as people are told: a phase, or the pause before another attempt. */
export type PushActivity = Phase | 'retry';

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
export interface PushState {
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
  /** Other addresses that fetched it: of devices with the same hostname. */
  others: readonly string[];
  /** Bytes that the device's TCP is known to have acknowledged (protocol 2.7). */
  sent: number;
  attempts: number;
  readonly durations: Durations;
  /** The device's own word on this push. */
  report: Report | null;
}

/** How far a push is. */
export interface PushSnapshot {
  /** Of the bytes that the device's TCP has acknowledged; at most 99, since it is not over. */
  readonly percent: number;
  readonly phase: Phase;
  /** Of the file that is under way. */
  readonly known: Readonly<PushState>;
}

/** Of a push that has not begun. */
export function initialState(job: Job, topic: string): PushState {
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
    others: [],
    sent: 0,
    attempts: 1,
    durations: { queued: 0, connect: 0, transfer: 0, verify: 0, total: 0 },
    report: null,
  };
}
