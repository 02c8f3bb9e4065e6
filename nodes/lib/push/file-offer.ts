import { createServer, type Server, type Socket } from 'node:net';
import { deferred } from './deferred';
import { serve, type Transfer, type TransferEnd, type TransferOptions } from './transfer';

export interface OfferOptions extends TransferOptions {
  /** Makes the server listen; resolves to the port. Rejects where no port can be opened. */
  readonly listen: (server: Server) => Promise<number>;
  /** Whether this address may fetch files. */
  readonly isAllowed: (address: string) => boolean;
}

/** How an offer ended: as the connection that decided it. */
export type OfferEnd = Exclude<TransferEnd, { end: 'reset' }>;

/** A port scanner may have come first: the device gets this long to come after it. */
const afterInterruptionMs = 1000;
/** More at once are no devices of one hostname; each would take memory of the kernel's. */
const mostTransfers = 32;

/** Offers the file on a port (protocol 1.7: before it is announced). Rejects as `listen` does. */
export async function offerFile(options: OfferOptions): Promise<FileOffer> {
  const offer = new FileOffer(options);
  await offer.open();
  return offer;
}

/**
 * One file on one port for one device.
 * Everyone who connects is served to the end, since anyone may be the device; the first who takes it all decides.
 */
export class FileOffer {
  readonly #options: OfferOptions;
  readonly #server: Server;
  readonly #transfers = new Set<Transfer>();
  readonly #refused = new Set<string>();
  readonly #connected = deferred<string>();
  readonly #ended = deferred<OfferEnd>();
  readonly #closed = deferred<void>();
  #port = 0;
  #interruption: NodeJS.Timeout | undefined;
  #last: Transfer | undefined;

  constructor(options: OfferOptions) {
    this.#options = options;
    // A device that closes its side early must not make node:net send our FIN early (protocol 2.6).
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#onConnection(socket));
    this.#server.on('close', () => this.#closed.resolve());
  }

  async open(): Promise<void> {
    this.#port = await this.#options.listen(this.#server);
  }

  get port(): number {
    return this.#port;
  }

  /** The address of the first that connected and was allowed to. */
  get connected(): Promise<string> {
    return this.#connected.promise;
  }

  get ended(): Promise<OfferEnd> {
    return this.#ended.promise;
  }

  /** Resolves when the port is closed and the last connection has ended. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** The connection that came last: the best guess of which one is the device, before one has decided. */
  get last(): Transfer | undefined {
    return this.#last;
  }

  /** Addresses that tried and were turned away. */
  get refused(): readonly string[] {
    return [...this.#refused];
  }

  /** Closes the port. Whoever is being served is served to the end. */
  close(): void {
    clearTimeout(this.#interruption);
    if (this.#server.listening) this.#server.close();
  }

  /** Closes the port and breaks off every connection, with a RESET (protocol 2.6). */
  reset(): void {
    this.close();
    for (const transfer of this.#transfers) transfer.reset();
  }

  #onConnection(socket: Socket): void {
    // The error of a connection that is turned away, or was gone before it was looked at, changes nothing.
    socket.on('error', () => undefined);
    const device = socket.remoteAddress?.replace(/^::ffff:(?=\d+\.)/i, '');
    const isAllowed = device !== undefined && this.#options.isAllowed(device);
    if (device !== undefined && !isAllowed) this.#refused.add(device);
    if (device === undefined || !isAllowed || this.#transfers.size >= mostTransfers) {
      socket.resetAndDestroy();
      return;
    }
    clearTimeout(this.#interruption);
    const transfer = serve(socket, device, this.#options);
    this.#last = transfer;
    this.#transfers.add(transfer);
    this.#connected.resolve(device);
    void transfer.ended.then((end) => this.#onEnd(transfer, end));
  }

  #onEnd(transfer: Transfer, end: TransferEnd): void {
    this.#transfers.delete(transfer);
    if (end.end === 'delivered') this.#ended.resolve(end);
    if (end.end === 'reset' || this.#transfers.size > 0) return;
    if (end.end === 'stalled') this.#ended.resolve(end);
    if (end.end !== 'interrupted' || !this.#server.listening) return;
    this.#interruption = setTimeout(() => this.#ended.resolve(end), afterInterruptionMs);
  }
}
