import type { Socket } from 'node:net';
import { type QueueState, queueKey, type SendQueues } from './send-queue';
import { bytesNotTaken, reset, socketEnd } from './socket-end';

/** How one connection ended. */
export type ConnectionEnd =
  /** The device's TCP has acknowledged everything and the device closed its side after our FIN (protocol 2.4). */
  | { readonly end: 'delivered'; readonly device: string; readonly sent: number }
  /** It took no bytes, or after the last one did not close, for the idle time. */
  | { readonly end: 'stalled'; readonly device: string; readonly sent: number }
  /** It broke off before it had everything. */
  | { readonly end: 'interrupted'; readonly device: string; readonly sent: number; readonly cause: string }
  /** We broke it off. */
  | { readonly end: 'aborted'; readonly device: string; readonly sent: number };

/** The file that is served, and how long a connection may go without progress. */
export interface ServedFile {
  readonly bytes: Buffer;
  /** Milliseconds. */
  readonly timeoutMs: number;
}

/** What any TCP sends at once: a peer that closes early had it unread, so its kernel says RST and nothing else. */
const oneFlightBytes = 10 * 536;
/** The slowest device, where acknowledgements can't be seen: it gets this much more time for the file's size. */
const slowestBytesPerMs = 4096 / 1000;
/** Only connections that last longer are watched: most are over by then (protocol 2.7). */
const watchAfterMs = 200;

/** Serves the file to a device that has connected: all its bytes, nothing else, then our FIN (protocol 2.2). */
export class Connection {
  readonly #socket: Socket;
  readonly #file: ServedFile;
  readonly #queues: SendQueues;
  readonly #onEnd: (connection: Connection, end: ConnectionEnd) => void;
  readonly #watchTimer: NodeJS.Timeout;
  #unwatch: (() => void) | undefined;
  #sent = 0;
  #lastSeen = 0;
  #progressAt = performance.now();
  #peerClosed = false;
  #isOver = false;

  /**
   * @param device its address
   * @param onEnd called once, when it is over, with the first reason
   */
  constructor(
    socket: Socket,
    readonly device: string,
    file: ServedFile,
    queues: SendQueues,
    onEnd: (connection: Connection, end: ConnectionEnd) => void,
  ) {
    this.#socket = socket;
    this.#file = file;
    this.#queues = queues;
    this.#onEnd = onEnd;
    this.#watchTimer = setTimeout(() => this.#watchQueue(), watchAfterMs);
    socket.on('end', () => this.#onPeerClosed());
    // What went wrong is looked at when it is closed, which comes right after.
    socket.on('error', () => undefined);
    socket.on('close', () => this.#onClosed());
    // A device never sends a byte (protocol 2.1): one that does is none, and what it takes proves nothing.
    socket.on('data', () => this.#interrupted('it sent bytes, which no device does'));
    // A peer that ends before our FIN has not waited for the whole file, however quietly (protocol 2.4): the FIN of a port
    // scanner lies ready when it is accepted. Two turns of the event loop show it.
    setImmediate(() => setImmediate(() => this.#send()));
  }

  /** Bytes of the file that the device's TCP is known to have acknowledged. */
  get sent(): number {
    return this.#sent;
  }

  /** Our kernel has the whole file and our FIN: nobody can call them back (protocol 2.6). */
  get isFlushed(): boolean {
    return this.#socket.writableFinished;
  }

  /** Breaks it off; the device sees a RESET, never a FIN (protocol 2.6). */
  abort(): void {
    this.#end({ end: 'aborted', device: this.device, sent: this.#sent });
  }

  #send(): void {
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
    if (!this.isFlushed) {
      this.#interrupted('it closed the connection');
      return;
    }
    this.#lookAtEnd();
  }

  /** The peer has closed its side, after our kernel had the whole file. */
  #lookAtEnd(): void {
    switch (socketEnd(this.#socket, this.#file.bytes.length > oneFlightBytes)) {
      case 'reset':
        this.#interrupted('it closed the connection with bytes unread');
        break;
      case 'open':
        // Its FIN has crossed ours: the kernel's tables tell whether it takes the rest.
        this.#watchQueue();
        break;
      default:
        this.#delivered();
    }
  }

  #watchQueue(): void {
    clearTimeout(this.#watchTimer);
    this.#unwatch ??= this.#queues.watch(queueKey(this.#socket), (state) => this.#look(state));
  }

  #look(state: QueueState): void {
    if (this.#peerClosed) this.#lookAtClosed(state);
    if (!this.#isOver) this.#lookForProgress(state);
  }

  #lookAtClosed(state: QueueState): void {
    if (state === 'unknown') this.#lookAtEnd();
    else if (state === 'gone') this.#interrupted('it closed the connection before it had everything');
    else if (state.timeWait) this.#delivered();
  }

  #lookForProgress(state: QueueState): void {
    const reading = typeof state === 'object' ? state : undefined;
    const { bytes, timeoutMs } = this.#file;
    const now = performance.now();
    const taken = bytes.length - (bytesNotTaken(this.#socket) ?? 0) + (this.isFlushed ? 1 : 0);
    const seen = taken - (reading?.unacknowledged ?? 0);
    if (seen !== this.#lastSeen) this.#progressAt = now;
    this.#lastSeen = seen;
    if (reading) this.#sent = Math.min(bytes.length, Math.max(this.#sent, seen));
    const graceMs = reading ? 0 : bytes.length / slowestBytesPerMs;
    if (now - this.#progressAt >= timeoutMs + graceMs) {
      this.#end({ end: 'stalled', device: this.device, sent: this.#sent });
    }
  }

  #delivered(): void {
    this.#end({ end: 'delivered', device: this.device, sent: this.#file.bytes.length });
  }

  #interrupted(cause: string): void {
    this.#end({ end: 'interrupted', device: this.device, sent: this.#sent, cause });
  }

  /** The first reason wins; the socket and the watch end with it. */
  #end(end: ConnectionEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#watchTimer);
    this.#unwatch?.();
    // After both sides' ends node:net closes the socket itself.
    if (end.end !== 'delivered') reset(this.#socket);
    this.#onEnd(this, end);
  }
}
