import type { Server } from 'node:net';
import type { HostKind } from './advice';
import type { FileOffer } from './file-offer';
import type { Phase } from './outcome';
import type { SendQueues } from './send-queues';

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

/** What a push needs of the machine that it runs on. */
export interface Means {
  readonly broker: Broker;
  /** As configured, for people: empty for any free port. */
  readonly ports: string;
  readonly queues: SendQueues;
  /** Makes the server listen on a port that devices may use. Rejects where none can be opened. */
  listen(server: Server): Promise<number>;
  isAllowed(address: string): boolean;
  /** The host to announce. */
  host(): Promise<{ readonly host: string; readonly kind: HostKind }>;
  /** Told of each offer, so that its connections end with this machine's work and not only with their push. */
  keep(offer: FileOffer): void;
  onPhase(phase: Phase): void;
}
