import type { HostKind } from './advice';
import type { Cancellation } from './cancellation';
import type { FileOffer } from './file-offer';

/** One file for one device. */
export interface Job {
  readonly id: string;
  /** The device's hostname. */
  readonly target: string;
  /** The file's name on the device. */
  readonly filename: string;
  readonly bytes: Buffer;
  /** Of the bytes, as announced. */
  readonly hash: string;
  readonly reboot: boolean;
  /** Milliseconds without progress in one phase after which it is given up. */
  readonly timeoutMs: number;
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
  /** Hands an announcement over: QoS 1, never retained (protocol 1.4, 1.5). Only while online. */
  announce(topic: string, text: string, expiryMs: number): Announced;
}

/** An announcement on its way to the broker. */
export interface Announced {
  /** Resolves when the broker has it, rejects when it refuses it. */
  readonly acknowledged: Promise<{ readonly nobodySubscribed: boolean }>;
  /** Takes it back where the broker has not acknowledged it: it must not outlive its push (protocol 1.6). */
  withdraw(): void;
}

/** A port that a server listens on, until it is given back. */
export interface ListeningPort {
  readonly port: number;
  /** To be called when the server has stopped listening. */
  readonly release: () => void;
}

/** The host to announce, and what it is to this machine. */
export interface AnnouncedHost {
  readonly host: string;
  readonly kind: HostKind;
}

/** What all pushes need of the machine that they run on. */
export interface Means {
  readonly broker: Broker;
  /** As configured, for people: empty for any free port. */
  readonly portsText: string;
  /** The host to announce; a promise only where that has to be found out. */
  host(): AnnouncedHost | Promise<AnnouncedHost>;
  /** Opens a port and offers the job's file there. Rejects where none can be opened. */
  offer(job: Job, cancellation: Cancellation): Promise<FileOffer>;
}
