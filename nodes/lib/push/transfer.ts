import type { Socket } from 'node:net';
import type { Beginner, TwoTurnsLater } from './later';
import type { Job } from './means';
import { type QueueReading, queueKey, type SendQueues } from './send-queues';
import { bytesNotTaken, reset, socketEnd } from './socket-end';

/** How one connection ended. */
export type TransferEnd =
  /** The device's TCP has acknowledged everything and the device closed its side after our FIN (protocol 2.4). */
  | { readonly end: 'delivered'; readonly device: string; readonly sent: number }
  /** It took no bytes, or after the last one did not close, for the idle time. */
  | { readonly end: 'stalled'; readonly device: string; readonly sent: number }
  /** It broke off before it had everything. */
  | { readonly end: 'interrupted'; readonly device: string; readonly sent: number; readonly cause: string }
  /** We broke it off. */
  | { readonly end: 'reset'; readonly device: string; readonly sent: number };

/** What a transfer needs to know of its job. */
export type OfferedFile = Pick<Job, 'bytes' | 'timeoutMs'>;

/** What all transfers of a server share. */
export interface TransferMeans {
  readonly queues: SendQueues;
  readonly later: TwoTurnsLater;
}

/** Told once how it ended. */
export interface TransferWatcher {
  onTransferEnd(transfer: Transfer, end: TransferEnd): void;
}

/** What any TCP sends at once: a peer that closes early had it unread, so its kernel says RST and nothing else. */
const oneFlightBytes = 10 * 536;
/** The slowest device, where acknowledgements can't be seen: it gets this much more time for the file's size. */
const slowestBytesPerMs = 4096 / 1000;

/** Serves the file to a device that has connected: all its bytes, nothing else, then our FIN (protocol 2.2). */
export class Transfer implements Beginner {
  readonly device: string;
  readonly #socket: Socket;
  readonly #file: OfferedFile;
  readonly #queues: SendQueues;
  readonly #watcher: TransferWatcher;
  readonly #watch = () => this.#watchQueue();
  #unwatch: (() => void) | undefined;
  #sent = 0;
  #lastSeen = 0;
  #progressAt = performance.now();
  #peerClosed = false;
  #isOver = false;

  constructor(
    socket: Socket,
    device: string,
    file: OfferedFile,
    { queues, later }: TransferMeans,
    watcher: TransferWatcher,
  ) {
    this.device = device;
    this.#socket = socket;
    this.#file = file;
    this.#queues = queues;
    this.#watcher = watcher;
    queues.watchLater(this.#watch);
    socket.on('end', () => this.#onPeerClosed());
    // What went wrong is looked at when it is closed, which comes right after.
    socket.on('error', ignore);
    socket.on('close', () => this.#onClosed());
    // A device never sends a byte (protocol 2.1): whoever does is none, and what it takes proves nothing.
    socket.on('data', () => this.#interrupted('it sent bytes, which no device does'));
    // Whoever ends before our FIN has not waited for the whole file, however quietly (protocol 2.4): the FIN of a port
    // scanner lies ready when it is accepted. Two turns of the event loop show it.
    later.begin(this);
  }

  /** Bytes of the file that the device's TCP is known to have acknowledged. */
  get sent(): number {
    return this.#sent;
  }

  /** Our kernel has the whole file and our FIN. */
  get handedOver(): boolean {
    return this.#socket.writableFinished;
  }

  /** Breaks it off; the device sees a RESET, never a FIN (protocol 2.6). */
  reset(): void {
    this.#finish({ end: 'reset', device: this.device, sent: this.#sent });
  }

  /** Sends all of it. */
  begin(): void {
    if (this.#isOver) return;
    this.#progressAt = performance.now();
    this.#socket.end(this.#file.bytes);
  }

  #onClosed(): void {
    const error: NodeJS.ErrnoException | null = this.#socket.errored;
    if (error) this.#interrupted(error.code ?? error.message);
    else if (!this.#peerClosed) this.#interrupted('it closed the connection');
  }

  #onPeerClosed(): void {
    this.#peerClosed = true;
    if (!this.handedOver) {
      this.#interrupted('it closed the connection');
      return;
    }
    const state = socketEnd(this.#socket, this.#file.bytes.length > oneFlightBytes);
    if (state === 'reset') {
      this.#interrupted('it closed the connection with bytes unread');
    } else if (state === 'open') {
      // Its FIN has crossed ours: the kernel's tables tell whether it takes the rest.
      this.#watch();
    } else {
      this.#delivered();
    }
  }

  #watchQueue(): void {
    this.#queues.forget(this.#watch);
    this.#unwatch ??= this.#queues.watch(queueKey(this.#socket), (reading) => this.#look(reading));
  }

  /** A reading of the kernel's tables, or undefined where it has none. */
  #look(reading: QueueReading | undefined): void {
    if (this.#peerClosed && reading?.timeWait) {
      this.#delivered();
      return;
    }
    if (this.#peerClosed && !reading) {
      this.#interrupted('it closed the connection before it had everything');
      return;
    }
    const { bytes, timeoutMs } = this.#file;
    const now = performance.now();
    const taken = bytes.length - (bytesNotTaken(this.#socket) ?? 0) + (this.handedOver ? 1 : 0);
    const seen = taken - (reading?.unacknowledged ?? 0);
    if (seen !== this.#lastSeen) this.#progressAt = now;
    this.#lastSeen = seen;
    if (reading) this.#sent = Math.min(bytes.length, Math.max(this.#sent, seen));
    const graceMs = reading ? 0 : bytes.length / slowestBytesPerMs;
    if (now - this.#progressAt >= timeoutMs + graceMs) {
      this.#finish({ end: 'stalled', device: this.device, sent: this.#sent });
    }
  }

  #delivered(): void {
    this.#finish({ end: 'delivered', device: this.device, sent: this.#file.bytes.length });
  }

  #interrupted(cause: string): void {
    this.#finish({ end: 'interrupted', device: this.device, sent: this.#sent, cause });
  }

  /** The first reason wins; the socket and the watch end with it. */
  #finish(end: TransferEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#queues.forget(this.#watch);
    this.#unwatch?.();
    // After both sides' ends node:net closes the socket itself.
    if (end.end !== 'delivered') reset(this.#socket);
    this.#watcher.onTransferEnd(this, end);
  }
}

function ignore(): void {
  // Nothing to be done.
}
