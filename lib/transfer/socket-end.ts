import { writeSync } from 'node:fs';
import type { Socket } from 'node:net';
import { platform } from 'node:os';

/*
 * What node:net does not tell of a connection's end. After a peer's FIN Linux reports no RST any more, reading goes on
 * saying "end of stream": a port scanner that connects and closes at once would look like a device that took the whole
 * file (protocol 2.4). So the kernel is asked, through the socket's descriptor.
 */

/**
 * How a connection stands after the peer's FIN:
 * - `closed`: the peer's TCP has acknowledged everything, our FIN included
 * - `open`: it has not yet
 * - `reset`: the peer broke it off
 * - `unknown`: this system does not say
 */
export type SocketEnd = 'closed' | 'open' | 'reset' | 'unknown';

/** What lies below a socket of node:net; undocumented, so looked at with care. */
interface Handle {
  readonly fd: number;
  readonly writeQueueSize: number;
  getpeername(out: object): number;
}

/**
 * Asks how the connection ended: one that is through has no peer any more, and writing no bytes to it says why.
 * @param maybeReset whether an RST may have followed the FIN unseen; asking for it costs as much as a small push's rest
 */
export function socketEnd(socket: Socket, maybeReset: boolean): SocketEnd {
  const handle = handleOf(socket);
  if (!handle) return 'unknown';
  if (handle.getpeername({}) === 0) return 'open';
  if (!maybeReset) return 'closed';
  const answer = answerOf(() => writeSync(handle.fd, Buffer.alloc(0)));
  return answer === 'EPIPE' ? 'closed' : answer === 'ECONNRESET' ? 'reset' : 'unknown';
}

/** Bytes that were written to the socket and that our kernel has not taken yet; undefined where Node.js does not say. */
export function bytesNotTaken(socket: Socket): number | undefined {
  return rawHandle(socket)?.writeQueueSize;
}

function handleOf(socket: Socket): Handle | undefined {
  const handle = rawHandle(socket);
  const isUsable =
    platform() === 'linux' && handle && typeof handle.getpeername === 'function' && (handle.fd ?? -1) >= 0;
  return isUsable ? (handle as Handle) : undefined;
}

function rawHandle(socket: Socket): Partial<Handle> | null | undefined {
  return (socket as unknown as { _handle?: Partial<Handle> | null })._handle;
}

function answerOf(call: () => number): number | string | undefined {
  try {
    return call();
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
}

/**
 * Breaks a connection off so that the peer sees a RESET and never a FIN (protocol 2.6).
 * A socket between `end()` and 'finish' refuses to be reset: it would be left open, so that moment is waited for.
 */
export function reset(socket: Socket): void {
  const isClosingItsSide = socket.writableEnded && !socket.writableFinished && socket.writableLength === 0;
  if (isClosingItsSide && !socket.destroyed) socket.once('finish', () => socket.resetAndDestroy());
  else socket.resetAndDestroy();
}
