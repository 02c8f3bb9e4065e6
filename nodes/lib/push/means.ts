import type { Cancellation } from './cancellation';
import type { FileOffer } from './file-offer';
import type { Doing, Outcome, PushFacts, Verified } from './outcome';
import type { Report } from './report';
import type { Verification } from './verification';

/** When a push counts as a success. */
export type Verify =
  /** `installed` for devices that report and for the signed form, `delivered` for others. */
  | { readonly level: 'auto' }
  /** The device has taken every byte. */
  | { readonly level: 'delivered' }
  /** It has reported that the file is in place. */
  | { readonly level: 'installed' }
  /** It has reported that it is back after its restart and keeps the file. */
  | { readonly level: 'running' }
  /** A fresh message has come on this topic; an empty payload stands for any but those that mean "gone". */
  | { readonly level: 'online'; readonly topic: string; readonly payload: string };

/** One file for one device. */
export interface Job {
  readonly id: string;
  /** The device's hostname. */
  readonly target: string;
  /** The file's name on the device. */
  readonly filename: string;
  /** It came in a set, be it of one. */
  readonly isOfSet: boolean;
  readonly bytes: Buffer;
  /** Of the bytes, as announced: SHA-1, or SHA-256 in the signed form (protocol 1.2). */
  readonly hash: string;
  /** The device's key for the signed form (protocol 6.1); undefined: the basic form. */
  readonly key: string | undefined;
  readonly reboot: boolean;
  /** Milliseconds without progress in one phase after which it is given up. */
  readonly timeoutMs: number;
  readonly verify: Verify;
  /** Milliseconds to wait for that, since the delivery. */
  readonly verifyTimeoutMs: number;
  /** Further attempts after a network fault, and the milliseconds before each. */
  readonly retries: number;
  readonly retryDelayMs: number;
  /** For a device that sleeps: the topic on which it speaks when it wakes, and how long to wait for that. */
  readonly wake: { readonly topic: string; readonly waitMs: number } | undefined;
}

/** What the attempts of one push share: all its announcements are the same bytes, port included (protocol 1.8). */
export interface Offering {
  offer: FileOffer | undefined;
  /** Where it listens. */
  host: AnnouncedHost | undefined;
  announcement: string | undefined;
  /** Of the signed form; greater than what the device has seen, as far as is known. */
  counter: number;
  /** It has gone on from the device's own counter, which it does once (protocol 6.4). */
  hasGoneOn: boolean;
  /** How often it was announced. */
  announced: number;
  /** The broker has said so of the last announcement (MQTT 5 only). */
  nobodySubscribed: boolean;
  readonly verification: Verification;
}

/** One file on its way to one device, whatever the attempt. */
export interface UnderWay {
  readonly job: Job;
  readonly facts: PushFacts;
  readonly offering: Offering;
  readonly onPhase: (doing: Doing) => void;
  readonly cancellation: Cancellation;
  /** On the clock of `performance`. */
  readonly startedAt: number;
}

/** A message that a subscription has brought. */
export interface Heard {
  readonly topic: string;
  readonly payload: Buffer;
  /** The broker keeps it and has sent it again because someone subscribed: it says nothing new. */
  readonly isReplay: boolean;
  /** The same, or the first on this topic and kept: it may have been said long ago. */
  readonly mayBeOld: boolean;
}

/** The way to the devices' ears. */
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
   * @returns takes it back where the broker has not acknowledged it: it must not outlive its push (protocol 1.6)
   */
  announce(topic: string, text: string, expiryMs: number, watcher: AnnouncementWatcher): () => void;
  /** Tells each message on the topic, which may hold wildcards, until the returned function is called. */
  listen(topic: string, onMessage: (message: Heard) => void): () => void;
}

/** Whoever is told what becomes of an announcement. */
export interface AnnouncementWatcher {
  /** The broker has it. Told before any message that the broker sends after its acknowledgement. */
  onAcknowledged(nobodySubscribed: boolean): void;
  /** The broker refuses it, or it could not be sent. */
  onFailed(error: Error): void;
}

/** Whoever is told what a device reports. */
export interface ReportWatcher {
  onReport(report: Report): void;
}

/** A port that a server listens on, until it is given back. */
export interface ListeningPort {
  readonly port: number;
  /** To be called when the server has stopped listening. */
  readonly release: () => void;
}

/** What the announced host is to this machine: devices can't reach all of them. */
export type HostKind = 'own' | 'elsewhere' | 'loopback' | 'container' | 'name';

/** The host to announce, and what it is to this machine. */
export interface AnnouncedHost {
  readonly host: string;
  readonly kind: HostKind;
}

/** What the devices say themselves (protocol 5). */
export interface Reports {
  /** The device's last report; undefined for one that never reports, as far as is known. */
  lastOf(target: string): Report | undefined;
  /** Tells each report of the device as it comes, until it is to be forgotten. */
  listen(target: string, watcher: ReportWatcher): void;
  forget(target: string, watcher: ReportWatcher): void;
}

/** What makes each signed announcement newer than the one before (protocol 6.4). */
export interface Counters {
  next(target: string): Promise<number>;
  /** Goes on from the counter that a device has told; false where it is not to be believed. */
  goOnFrom(target: string, counter: number): Promise<boolean>;
}

/** What a device was given before. */
export interface Memory {
  /** How much is known of the last success with the same bytes; undefined where it is to be pushed. @param last report */
  unchanged(job: Job, last: Report | undefined): Promise<Verified | undefined>;
  /** Told how each file of a push ended, before the next one to its device begins. */
  note(outcomes: readonly Outcome[]): Promise<void>;
}

/** What all pushes need of the machine that they run on. */
export interface Means {
  readonly broker: Broker;
  /** As configured, for people: empty for any free port. */
  readonly portsText: string;
  /** The host to announce; a promise only where that has to be found out. */
  host(): AnnouncedHost | Promise<AnnouncedHost>;
  readonly reports: Reports;
  /** For signed announcements (protocol 6.4). */
  readonly counters: Counters;
  /** Opens a port, the given one where it can be had, and offers the job's file there. Rejects where none can be opened. */
  offer(job: Job, cancellation: Cancellation, port: number | null): Promise<FileOffer>;
}
