import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { Connection, type ConnectionEnd, type ServedFile } from './connection';
import { Deferred } from './deferred';
import type { ListeningPort } from './ports';
import type { SendQueues } from './send-queue';

/** What all file servers of one push server share. */
export interface TransferServices {
  readonly queues: SendQueues;
  /** Whether this address may fetch files. */
  readonly isAllowed: (address: string) => boolean;
  /** Lists a file server from when its port is open until that is closed and the last connection has ended. */
  readonly open: Set<FileServer>;
}

/** How the fetching of a file ended: as the connection that decided it. */
export type TransferEnd = Exclude<ConnectionEnd, { end: 'aborted' }>;

/** A port scanner may have come first: the device gets this long to come after it. */
const afterInterruptionMs = 1000;
/** More at once are no devices of one hostname; each would take memory of the kernel's. */
const maxConnections = 32;
/** Addresses that are remembered, for people: one machine may have any number of IPv6's. */
const maxNoted = 32;

/**
 * One file on one port for one device.
 * Everyone who connects is served to the end, since anyone may be the device; the first who takes it all decides.
 */
export class FileServer {
  readonly #file: ServedFile;
  readonly #services: TransferServices;
  readonly #server: Server;
  readonly #refused: string[] = [];
  readonly #connections = new Set<Connection>();
  /** Addresses that took the file, or stopped while they did; not those that broke off. */
  readonly #fetchers: string[] = [];
  #connected = new Deferred<string>();
  #ended = new Deferred<TransferEnd>();
  #listening: ListeningPort | undefined;
  #interruption: NodeJS.Timeout | undefined;
  #closing: NodeJS.Timeout | undefined;
  #last: Connection | undefined;
  #isFetched = false;
  #delivery: TransferEnd | undefined;

  /**
   * Opens the port: before it is announced (protocol 1.7).
   * @param listen makes the server listen; what it rejects with, this rejects with
   */
  static async open(
    file: ServedFile,
    services: TransferServices,
    listen: (server: Server) => Promise<ListeningPort>,
  ): Promise<FileServer> {
    const fileServer = new FileServer(file, services);
    fileServer.#listening = await listen(fileServer.#server);
    services.open.add(fileServer);
    return fileServer;
  }

  private constructor(file: ServedFile, services: TransferServices) {
    this.#file = file;
    this.#services = services;
    // A device that closes its side early must not make node:net send our FIN early (protocol 2.6).
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#onConnection(socket));
  }

  get port(): number {
    return this.#listening?.port ?? 0;
  }

  /** Resolves to the address of the first that connected and was allowed to. */
  get connected(): Promise<string> {
    return this.#connected.promise;
  }

  /** Resolves when a connection has decided how it ends. */
  get ended(): Promise<TransferEnd> {
    return this.#ended.promise;
  }

  /** Someone is fetching the file, or has been since the server was opened or reset. */
  get isFetched(): boolean {
    return this.#isFetched;
  }

  /** Someone has taken the whole file, since then. */
  get isDelivered(): boolean {
    return this.#delivery !== undefined;
  }

  /** Resolves when the port is closed and the last connection has ended. */
  async closed(): Promise<void> {
    if (this.#services.open.has(this)) await once(this.#server, 'close');
  }

  /** The connection that came last: the best guess of which one is the device, before one has decided. */
  get last(): Connection | undefined {
    return this.#last;
  }

  /** Addresses other than the device's that have fetched the file, or are at it. */
  othersThan(device: string): string[] {
    const others: string[] = [];
    for (const address of this.#fetchers) if (address !== device) note(others, address);
    for (const connection of this.#connections) if (connection.device !== device) note(others, connection.device);
    return others;
  }

  /** Addresses that tried and were turned away. */
  get refused(): readonly string[] {
    return this.#refused;
  }

  /** The device itself says that it has the whole file: its connection's end no longer matters. */
  markDelivered(): void {
    const device = this.#last?.device;
    if (device === undefined) return;
    this.#connected.resolve(device);
    this.#end({ end: 'delivered', device, sent: this.#file.bytes.length });
  }

  /** Begins anew on the same port: what was so far decides nothing any more. */
  reset(): void {
    clearTimeout(this.#interruption);
    for (const connection of this.#connections) connection.abort();
    this.#connections.clear();
    this.#connected = new Deferred();
    this.#ended = new Deferred();
    this.#isFetched = false;
    this.#delivery = undefined;
  }

  /** A further attempt begins: connections that broke off before it decide nothing, those that are open go on, and a delivery counts. */
  forgetInterruptions(): void {
    clearTimeout(this.#interruption);
    this.#ended = new Deferred();
    if (this.#delivery) this.#ended.resolve(this.#delivery);
    if (this.#delivery || this.#connections.size > 0) return;
    this.#connected = new Deferred();
    this.#isFetched = false;
  }

  /** Closes the port later: a busy device serves several announcements one after the other (protocol 1.8). */
  closeLater(ms: number): void {
    this.#closing = setTimeout(() => this.close(), ms);
  }

  /** Closes the port. Connections that are open are served to the end. */
  close(): void {
    clearTimeout(this.#interruption);
    clearTimeout(this.#closing);
    if (!this.#server.listening) return;
    this.#server.close(() => this.#services.open.delete(this));
    this.#listening?.release();
  }

  /** Closes the port and breaks off every connection, with a RESET (protocol 2.6). */
  abort(): void {
    this.close();
    for (const connection of this.#connections) connection.abort();
  }

  #onConnection(socket: Socket): void {
    const device = socket.remoteAddress?.replace(/^::ffff:(?=\d+\.)/i, '');
    const isAllowed = device !== undefined && this.#services.isAllowed(device);
    if (device !== undefined && !isAllowed) note(this.#refused, device);
    if (device === undefined || !isAllowed || this.#connections.size >= maxConnections) {
      // The error of a connection that is turned away, or was gone before it was looked at, changes nothing.
      socket.on('error', () => undefined).resetAndDestroy();
      return;
    }
    clearTimeout(this.#interruption);
    const { queues } = this.#services;
    const connection = new Connection(socket, device, this.#file, queues, (one, end) =>
      this.#onConnectionEnd(one, end),
    );
    this.#last = connection;
    this.#isFetched = true;
    this.#connections.add(connection);
    this.#connected.resolve(device);
  }

  #onConnectionEnd(connection: Connection, end: ConnectionEnd): void {
    const isCurrent = this.#connections.delete(connection);
    if (!isCurrent || end.end === 'aborted') return;
    if (end.end !== 'interrupted') note(this.#fetchers, end.device);
    if (end.end === 'delivered') this.#end(end);
    else if (this.#connections.size > 0) return;
    else if (end.end === 'stalled') this.#end(end);
    else if (this.#server.listening) this.#interruption = setTimeout(() => this.#end(end), afterInterruptionMs);
  }

  #end(end: TransferEnd): void {
    if (end.end === 'delivered') this.#delivery = end;
    this.#ended.resolve(end);
  }
}

/** Each once. */
function note(addresses: string[], address: string): void {
  if (addresses.length < maxNoted && !addresses.includes(address)) addresses.push(address);
}
