import { createHash } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { connectAsync, type MqttClient } from 'mqtt';
import { type Announcement, parseAnnouncement } from '../../lib/protocol/announcement';
import type { Report } from '../../lib/protocol/report';
import { signatureOf } from '../../lib/protocol/signature';
import { Inbox } from './inbox';

/** What this device does otherwise than protocol 1 to 3 ask for. */
export interface Misbehaviour {
  /** Hears the announcement and does not come. */
  readonly neverConnects?: boolean;
  /** Reads so many bytes and then no more, holding the connection, until it is told to go on. */
  readonly stallsAfterBytes?: number;
  /** Reads so many bytes and closes with the rest unread, which is an RST. */
  readonly closesAfterBytes?: number;
  /** Reads everything and never closes its side. */
  readonly neverCloses?: boolean;
  /** Reads as slowly as that. */
  readonly pausesMsAfterEachRead?: number;
  /** Connects so long after the announcement. */
  readonly connectsAfterMs?: number;
  /** Sends a request of its own first, which no device does (protocol 2.1). */
  readonly talks?: boolean;
  /** Ends its own side before it has read a byte, and reads on. */
  readonly endsFirst?: boolean;
  /** Takes everything and keeps its old file, as with a flash that is full. */
  readonly keepsOldFile?: boolean;
  /** Somebody else looks what listens there first, and is gone at once. */
  readonly comesAfterScanner?: boolean;
  /** Fetches the same offer twice at once. */
  readonly comesTwice?: boolean;
}

/**
 * What a device says of a file that it has taken:
 * - `honestly`: what became of it, as boards with the module do (protocol 5)
 * - `rolled_back`: that it is installed, and then that it was taken back
 * - `another_file`: that another file is installed
 * - `nonsense`: what is no report
 */
export type Reporting = 'honestly' | 'rolled_back' | 'another_file' | 'nonsense';

export interface Behaviour extends Misbehaviour {
  /** What it says of each file; `true` is `honestly`, and unless given it says nothing. */
  readonly reports?: boolean | Reporting;
  /** Its key: it signs its reports (protocol 6.7). */
  readonly key?: string;
}

export interface DeviceOptions extends Behaviour {
  /** `nightlamp` unless said. */
  readonly hostname?: string;
  readonly brokerUrl: string;
}

/**
 * A device that speaks protocol 1 to 3, in this process.
 * Events: `announcement` (Announcement, its text), `connected`, `installed` (filename, bytes, reboots), `mismatch`, `broken` (what it had).
 */
export class SimulatedDevice extends EventEmitter {
  readonly files = new Map<string, Buffer>();
  /** What it has heard, each with its text. */
  readonly announcements = new Inbox<[Announcement, string]>();
  readonly #hostname: string;
  readonly #options: Behaviour;
  readonly #sockets = new Set<Socket>();
  #client: MqttClient | undefined;
  #announced: Announcement | undefined;
  /** Of the last signed announcement. */
  #counter = 0;
  #goesOn = false;
  reboots = 0;

  static async start(options: DeviceOptions): Promise<SimulatedDevice> {
    const device = new SimulatedDevice(options);
    // Without a further try, which it would wait for without end where the broker closes the connection.
    device.#client = await connectAsync(options.brokerUrl, { reconnectPeriod: 0 }, false);
    device.#client.on('message', (_topic, payload) => device.#onAnnouncement(payload.toString()));
    try {
      await device.#client.subscribeAsync(`${device.#hostname}/OTA`, { qos: 0 });
      return device;
    } catch (error) {
      await device.stop();
      throw error;
    }
  }

  private constructor({ hostname = 'nightlamp', ...behaviour }: DeviceOptions) {
    super();
    this.#hostname = hostname;
    this.#options = behaviour;
  }

  /**
   * Publishes a report on the file that was announced last, as boards with the module do (protocol 5).
   * @param key signs it with this one instead of the device's own; null: with none
   */
  async report(
    state: Report['state'],
    more: Partial<Report> = {},
    key: string | null = this.#options.key ?? null,
  ): Promise<void> {
    const { filename: file = null, hash = null } = this.#announced ?? {};
    const report = { state, file, hash, error: null };
    if (key === null) {
      await this.say('OTA/status', JSON.stringify({ ...report, ...more }), true);
      return;
    }
    const text = JSON.stringify({ ...report, counter: this.#counter, ...more }).slice(0, -1);
    await this.say('OTA/status', `${text}, "mac": "${signatureOf(text, key)}"}`, true);
  }

  /** Publishes on a topic below its hostname. */
  async say(topic: string, payload: string, retain = false): Promise<void> {
    await this.#client?.publishAsync(`${this.#hostname}/${topic}`, payload, { qos: 1, retain });
  }

  async #reportOnIt(reboot: boolean): Promise<void> {
    const { reports, keepsOldFile } = this.#options;
    if (reports === 'nonsense') {
      await this.say('OTA/status', '{"state": "installed", "file": [', true);
    } else if (reports === 'another_file') {
      await this.report('installed', { file: 'another.bin' });
    } else if (reports === 'rolled_back') {
      await this.report('installed');
      await this.report('rolled_back');
    } else if (keepsOldFile) {
      await this.report('failed', { error: 'hash_mismatch' });
    } else {
      await this.report('installed');
      if (reboot) await this.report('running');
    }
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await this.#client?.endAsync(true);
  }

  /** Reads on where it has stalled, and stalls no more. */
  goOn(): void {
    this.#goesOn = true;
    for (const socket of this.#sockets) socket.resume();
  }

  /** The next event of this name; its arguments. */
  next(event: string): Promise<unknown[]> {
    return once(this, event);
  }

  #onAnnouncement(text: string): void {
    if (text === '') return; // takes a kept one from the broker (protocol 1.4)
    const isSigned = text.split('|').length === 8;
    const announcement = isSigned ? readSigned(text) : parseAnnouncement(text);
    if (isSigned) this.#counter = Number(text.split('|')[6]);
    this.#announced = announcement;
    this.announcements.push([announcement, text]);
    this.emit('announcement', announcement, text);
    const { neverConnects, connectsAfterMs, comesAfterScanner, comesTwice } = this.#options;
    if (neverConnects) return;
    if (connectsAfterMs === undefined && !comesAfterScanner) this.#fetch(announcement);
    else if (connectsAfterMs !== undefined) setTimeout(() => this.#fetch(announcement), connectsAfterMs);
    else this.#scan(announcement).once('close', () => this.#fetch(announcement));
    if (comesTwice) this.#fetch(announcement);
  }

  #scan({ port, host }: Announcement): Socket {
    const scanner = connectTcp({ port, host }, () => scanner.resetAndDestroy());
    return scanner.on('error', () => scanner.destroy());
  }

  #fetch(announcement: Announcement): void {
    const { stallsAfterBytes, closesAfterBytes, neverCloses, pausesMsAfterEachRead, talks, endsFirst } = this.#options;
    const pieces: Buffer[] = [];
    let size = 0;
    const socket = connectTcp({ port: announcement.port, host: announcement.host, allowHalfOpen: true });
    this.#sockets.add(socket);
    socket.on('connect', () => this.emit('connected'));
    if (talks) socket.write('GET / HTTP/1.0\r\n\r\n');
    if (endsFirst) socket.end();
    socket.on('data', (piece: Buffer) => {
      pieces.push(piece);
      size += piece.length;
      if (!this.#goesOn && stallsAfterBytes !== undefined && size >= stallsAfterBytes) socket.pause();
      if (closesAfterBytes !== undefined && size >= closesAfterBytes) socket.resetAndDestroy();
      if (pausesMsAfterEachRead) {
        socket.pause();
        setTimeout(() => socket.resume(), pausesMsAfterEachRead);
      }
    });
    socket.on('end', () => {
      // It closes before it compares the hash (protocol 2.4).
      if (!neverCloses) socket.end();
      this.#install(announcement, Buffer.concat(pieces));
    });
    socket.on('error', () => this.emit('broken', Buffer.concat(pieces)));
    socket.on('close', () => this.#sockets.delete(socket));
  }

  #install({ filename, hash, reboot }: Announcement, bytes: Buffer): void {
    const algorithm = hash.length === 64 ? 'sha256' : 'sha1';
    if (createHash(algorithm).update(bytes).digest('hex') !== hash) {
      this.emit('mismatch', bytes);
      return;
    }
    const { reports, keepsOldFile } = this.#options;
    if (!keepsOldFile && reports !== 'rolled_back') {
      this.files.set(filename, bytes);
      if (reboot) this.reboots += 1;
      this.emit('installed', filename, bytes, reboot);
    }
    if (reports) void this.#reportOnIt(reboot);
  }
}

/** The signed form (protocol 1.2), its signature unread. */
function readSigned(text: string): Announcement {
  const [host = '', port, filename = '', hash = '', reboot] = text.split('|');
  return { host, port: Number(port), filename, hash, reboot: reboot === '1' };
}

/**
 * Fetches the file at once: a process of its own may take longer to start than the file is offered.
 * @param localAddress where it comes from
 */
export function takeAll(port: number, localAddress = '127.0.0.1'): Socket {
  const socket = connectTcp({ port, host: '127.0.0.1', localAddress }).resume();
  // A push that breaks it off says so itself, or its test does.
  return socket.on('error', () => socket.destroy());
}
