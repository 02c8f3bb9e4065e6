import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { Latch } from './latch';
import type { ListeningPort } from './means';
import { type OfferedFile, Transfer, type TransferEnd, type TransferMeans, type TransferWatcher } from './transfer';

/** What all offers of a server share. */
export interface OfferMeans extends TransferMeans {
  /** Whether this address may fetch files. */
  readonly isAllowed: (address: string) => boolean;
  /** Lists an offer from when its port is open until that is closed and the last connection has ended. */
  readonly offers: Set<FileOffer>;
}

/** How an offer ended: as the connection that decided it. */
export type OfferEnd = Exclude<TransferEnd, { end: 'reset' }>;

/** A port scanner may have come first: the device gets this long to come after it. */
const afterInterruptionMs = 1000;
/** More at once are no devices of one hostname; each would take memory of the kernel's. */
const mostTransfers = 32;

/**
 * One file on one port for one device.
 * Everyone who connects is served to the end, since anyone may be the device; the first who takes it all decides.
 */
export class FileOffer implements TransferWatcher {
  readonly #file: OfferedFile;
  readonly #means: OfferMeans;
  readonly #server: Server;
  readonly #refused: string[] = [];
  #connected = new Latch<string>();
  #ended = new Latch<OfferEnd>();
  #listening: ListeningPort | undefined;
  #transfers: readonly Transfer[] = [];
  #interruption: NodeJS.Timeout | undefined;
  #closing: NodeJS.Timeout | undefined;
  #last: Transfer | undefined;
  #isFetched = false;
  #isDelivered = false;

  /**
   * Opens the port: before it is announced (protocol 1.7).
   * @param listen makes the server listen; what it rejects with, this rejects with
   */
  static open(
    file: OfferedFile,
    means: OfferMeans,
    listen: (server: Server) => Promise<ListeningPort>,
  ): Promise<FileOffer> {
    const offer = new FileOffer(file, means);
    return listen(offer.#server).then((port) => {
      offer.#listening = port;
      means.offers.add(offer);
      return offer;
    });
  }

  private constructor(file: OfferedFile, means: OfferMeans) {
    this.#file = file;
    this.#means = means;
    // A device that closes its side early must not make node:net send our FIN early (protocol 2.6).
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#onConnection(socket));
  }

  get port(): number {
    return this.#listening?.port ?? 0;
  }

  /** The address of the first that connected and was allowed to. */
  get connected(): Latch<string> {
    return this.#connected;
  }

  get ended(): Latch<OfferEnd> {
    return this.#ended;
  }

  /** Someone is fetching the file, or has been since the offer was begun or renewed. */
  get isFetched(): boolean {
    return this.#isFetched;
  }

  /** Someone has taken the whole file, since then. */
  get isDelivered(): boolean {
    return this.#isDelivered;
  }

  /** Resolves when the port is closed and the last connection has ended. */
  async closed(): Promise<void> {
    if (this.#means.offers.has(this)) await once(this.#server, 'close');
  }

  /** The connection that came last: the best guess of which one is the device, before one has decided. */
  get last(): Transfer | undefined {
    return this.#last;
  }

  /** Addresses that tried and were turned away. */
  get refused(): readonly string[] {
    return this.#refused;
  }

  /** The device itself says that it has the whole file: its connection's end no longer matters. */
  confirm(): void {
    const device = this.#last?.device;
    if (device === undefined) return;
    this.#isDelivered = true;
    this.#connected.happen(device);
    this.#ended.happen({ end: 'delivered', device, sent: this.#file.bytes.length });
  }

  /** Begins anew on the same port: what was so far decides nothing any more. */
  renew(): void {
    clearTimeout(this.#interruption);
    for (const transfer of this.#transfers) transfer.reset();
    this.#connected = new Latch();
    this.#ended = new Latch();
    this.#isFetched = false;
    this.#isDelivered = false;
  }

  /** Closes the port later: a busy device serves several announcements one after the other (protocol 1.8). */
  closeLater(ms: number): void {
    this.#closing = setTimeout(() => this.close(), ms);
  }

  /** Closes the port. Whoever is being served is served to the end. */
  close(): void {
    clearTimeout(this.#interruption);
    clearTimeout(this.#closing);
    if (!this.#server.listening) return;
    this.#server.close(() => this.#means.offers.delete(this));
    this.#listening?.release();
  }

  /** Closes the port and breaks off every connection, with a RESET (protocol 2.6). */
  reset(): void {
    this.close();
    for (const transfer of this.#transfers) transfer.reset();
  }

  #onConnection(socket: Socket): void {
    const device = socket.remoteAddress?.replace(/^::ffff:(?=\d+\.)/i, '');
    const isAllowed = device !== undefined && this.#means.isAllowed(device);
    if (device !== undefined && !isAllowed && !this.#refused.includes(device)) this.#refused.push(device);
    if (device === undefined || !isAllowed || this.#transfers.length >= mostTransfers) {
      // The error of a connection that is turned away, or was gone before it was looked at, changes nothing.
      socket.on('error', () => undefined).resetAndDestroy();
      return;
    }
    clearTimeout(this.#interruption);
    const transfer = new Transfer(socket, device, this.#file, this.#means, this);
    this.#last = transfer;
    this.#isFetched = true;
    this.#transfers = [...this.#transfers, transfer];
    this.#connected.happen(device);
  }

  onTransferEnd(transfer: Transfer, end: TransferEnd): void {
    this.#transfers = this.#transfers.filter((other) => other !== transfer);
    if (end.end === 'delivered') {
      this.#isDelivered = true;
      this.#ended.happen(end);
    }
    if (end.end === 'reset' || this.#transfers.length > 0) return;
    if (end.end === 'stalled') this.#ended.happen(end);
    if (end.end !== 'interrupted' || !this.#server.listening) return;
    this.#interruption = setTimeout(() => this.#ended.happen(end), afterInterruptionMs);
  }
}
