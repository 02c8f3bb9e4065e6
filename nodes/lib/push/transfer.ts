import type { Socket } from 'node:net';
import { deferred } from './deferred';
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

/** A connection that is being served. */
export interface Transfer {
  readonly device: string;
  /** Bytes of the file that the device's TCP is known to have acknowledged. */
  readonly sent: number;
  /** Our kernel has the whole file and our FIN. */
  readonly handedOver: boolean;
  readonly ended: Promise<TransferEnd>;
  /** Breaks it off; the device sees a RESET, never a FIN (protocol 2.6). */
  reset(): void;
}

export interface TransferOptions {
  readonly bytes: Buffer;
  /** Milliseconds without an acknowledged byte after which the device counts as stalled. */
  readonly idleMs: number;
  readonly queues: SendQueues;
}

/** What any TCP sends at once: a peer that closes early had it unread, so its kernel says RST and nothing else. */
const oneFlightBytes = 10 * 536;
/** Only transfers that last longer are watched in the kernel's tables (protocol 2.7). */
const watchAfterMs = 200;
/** The slowest device, where acknowledgements can't be seen: it gets this much more time for the file's size. */
const slowestBytesPerMs = 4096 / 1000;

/** Serves the file to a device that has connected: all its bytes, nothing else, then our FIN (protocol 2.2). */
export function serve(socket: Socket, device: string, { bytes, idleMs, queues }: TransferOptions): Transfer {
  let sent = 0;
  let lastSeen = 0;
  let finSent = false;
  let peerClosed = false;
  let progressAt = performance.now();
  let unwatch: (() => void) | undefined;
  let isOver = false;
  const { promise: ended, resolve: settle } = deferred<TransferEnd>();
  const watchTimer = setTimeout(watch, Math.min(watchAfterMs, idleMs));

  function watch(): void {
    unwatch ??= queues.watch(queueKey(socket), look);
  }

  /** The first reason wins; the socket, the timer and the watch end with it. */
  function finish(end: TransferEnd): void {
    if (isOver) return;
    isOver = true;
    clearTimeout(watchTimer);
    unwatch?.();
    // After both sides' ends node:net closes the socket itself.
    if (end.end !== 'delivered') reset(socket);
    settle(end);
  }

  const delivered = () => finish({ end: 'delivered', device, sent: bytes.length });
  const interrupted = (cause: string) => finish({ end: 'interrupted', device, sent, cause });

  /**
   * Whoever ends before our FIN has not waited for the whole file, however quietly (protocol 2.4): the FIN of a port
   * scanner lies ready when it is accepted. Two turns of the event loop show it.
   */
  function lookForItsEnd(): void {
    setImmediate(() => setImmediate(() => isOver || closeOurSide()));
  }

  function closeOurSide(): void {
    finSent = true;
    progressAt = performance.now();
    socket.end();
  }

  function onPeerClosed(): void {
    peerClosed = true;
    if (!finSent) {
      interrupted('it closed the connection');
      return;
    }
    const state = socketEnd(socket, bytes.length > oneFlightBytes);
    if (state === 'reset') {
      interrupted('it closed the connection with bytes unread');
      return;
    }
    if (state !== 'open') {
      delivered();
      return;
    }
    // Its FIN has crossed ours: the kernel's tables tell whether it takes the rest.
    clearTimeout(watchTimer);
    watch();
  }

  /** A reading of the kernel's tables, or undefined where it has none. */
  function look(reading: QueueReading | undefined): void {
    if (peerClosed && reading?.timeWait) {
      delivered();
      return;
    }
    if (peerClosed && !reading) {
      interrupted('it closed the connection before it had everything');
      return;
    }
    const now = performance.now();
    const taken = bytes.length - (bytesNotTaken(socket) ?? 0) + (finSent ? 1 : 0);
    const seen = taken - (reading?.unacknowledged ?? 0);
    if (seen !== lastSeen) progressAt = now;
    lastSeen = seen;
    if (reading) sent = Math.min(bytes.length, Math.max(sent, seen));
    const graceMs = reading ? 0 : bytes.length / slowestBytesPerMs;
    if (now - progressAt >= idleMs + graceMs) finish({ end: 'stalled', device, sent });
  }

  socket.on('end', onPeerClosed);
  socket.on('error', (error: NodeJS.ErrnoException) => interrupted(error.code ?? error.message));
  socket.on('close', () => peerClosed || interrupted('it closed the connection'));
  // A device never sends a byte (protocol 2.1): whoever does is none, and what it takes proves nothing.
  socket.on('data', () => interrupted('it sent bytes, which no device does'));
  if (bytes.length === 0) lookForItsEnd();
  else socket.write(bytes, (error) => error || lookForItsEnd());
  return {
    device,
    ended,
    get sent() {
      return sent;
    },
    get handedOver() {
      return finSent;
    },
    reset: () => finish({ end: 'reset', device, sent }),
  };
}
