import type { Ending } from '../ending';
import type { Report } from '../protocol/report';
import type { FileServer } from '../transfer/file-server';
import type { AnnouncedHost } from './announced-host';
import type { Job } from './job';
import type { Outcome } from './outcome';
import type { Verified } from './state';

/** A message that a subscription has brought. */
export interface InboundMessage {
  readonly topic: string;
  readonly payload: Buffer;
  /** The broker keeps it and has sent it again because someone subscribed: it says nothing new. */
  readonly isRetainedReplay: boolean;
  /** The same, or the first on this topic and kept: it may have been said long ago. */
  readonly maybeStale: boolean;
}

/** Called with what becomes of an announcement. */
export interface AnnouncementListener {
  /** The broker has it. Called before any message that the broker sends after its acknowledgement. */
  onAcknowledged(nobodySubscribed: boolean): void;
  /** The broker refuses it, or it could not be sent. */
  onFailed(error: Error): void;
}

/** The MQTT connection over which devices are announced to and heard. */
export interface Broker {
  /** For people: `mqtt://localhost:1883`. */
  readonly name: string;
  readonly connectsByItself: boolean;
  /** Announcements can be handed over. */
  readonly isOnline: boolean;
  /** Resolves when it is online, rejects when the signal is aborted first. */
  online(signal: AbortSignal): Promise<void>;
  /**
   * Hands an announcement over: QoS 1, never retained (protocol 1.4, 1.5). Only while online.
   * @param expiryMs after which nobody needs it any more
   * @returns takes it back, from the client where the broker has not acknowledged it, and from a broker that keeps what is
   * not retained: it must not outlive its push (protocol 1.4, 1.6)
   */
  announce(topic: string, text: string, expiryMs: number, listener: AnnouncementListener): () => void;
  /**
   * Calls back with each message on the topic, which may hold wildcards, until the returned function is called.
   * @param onAllowed called with whether the broker lets us, as soon as that is known; brokers may drop messages without a word
   */
  listen(
    topic: string,
    onMessage: (message: InboundMessage) => void,
    onAllowed?: (isAllowed: boolean) => void,
  ): () => void;
}

/** @param isSigned with the device's key: its counter tells whether it is new */
export type ReportListener = (report: Report, isSigned: boolean) => void;

/** What the devices say themselves (protocol 5). */
export interface Reports {
  /** False: the broker does not let us hear them. */
  readonly areHeard: boolean;
  /** The device's last report, or its last signed one; undefined for one that has made none, as far as is known. */
  lastOf(target: string, which: 'any' | 'signed'): Report | undefined;
  /** Calls back with each report of the device as it comes, until the returned function is called. */
  listen(target: string, listener: ReportListener): () => void;
}

/** What a push brings a device: what it is to have from now on, or what it had before, on the way back. */
export type Purpose = 'push' | 'restore';

/** What devices were given before. */
export interface DeliveryHistory {
  /** How much is known of the device having these bytes; undefined where they are to be pushed. @param lastReport of the device */
  unchanged(job: Job, lastReport: Report | undefined): Verified | undefined;
  /** Called with what each push came to, before the next push to its device begins. @param jobs one for each of its files */
  record(outcome: Outcome, jobs: readonly Job[], purpose: Purpose): void;
}

/** What makes each signed announcement newer than the one before (protocol 6.4). */
export interface Counters {
  next(target: string): Promise<number>;
  /** Goes on from the counter in a device's report; false where it is not to be believed. */
  goOnFrom(target: string, counter: number): Promise<boolean>;
}

/** The pushes that may be under way at once. */
export interface Slots {
  /** Whether there was a slot: then it is taken. */
  tryAcquire(): boolean;
  /** Resolves to true when there is a slot; to false when the ending is aborted first: then there is nothing to release. */
  acquire(ending: Ending): Promise<boolean>;
  release(): void;
}

/** Why a push for a sleeping device waits no longer. */
export type WaitResult = 'awake' | 'too late' | 'cancelled' | 'superseded';

/** Pushes that wait until their device speaks. */
export interface WakeQueue {
  /** Waits for a fresh message on the topic. @param until at most, on the clock of `performance` */
  wait(jobs: readonly Job[], topic: string, until: number, ending: Ending): Promise<WaitResult>;
}

/** What all pushes need of the machine that they run on. */
export interface PushServices {
  readonly broker: Broker;
  readonly reports: Reports;
  readonly history: DeliveryHistory;
  /** For signed announcements (protocol 6.4). */
  readonly counters: Counters;
  readonly slots: Slots;
  readonly wakeQueue: WakeQueue;
  /** As configured, for people: empty for any free port. */
  readonly portsText: string;
  /** The announcement's topic. */
  topicOf(target: string): string;
  /** The host to announce; at once where it is known. */
  host(): AnnouncedHost | Promise<AnnouncedHost>;
  /** Opens a port, the given one where it can be had, and serves the job's file there. @throws Error where none can be opened */
  serveFile(job: Job, ending: Ending, port: number | null): Promise<FileServer>;
}
