import { createHash } from 'node:crypto';
import { filenameProblem, hostProblem } from './names';
import { signatureOf } from './signature';

/** One file, offered to one device: what the device needs to fetch, check and install it (protocol 1.2). */
export interface Announcement {
  /** Where the device connects to: a host name or an address. */
  readonly host: string;
  readonly port: number;
  /** The file's name on the device. */
  readonly filename: string;
  /** Of the file's bytes, lower-case hex: SHA-1, 40 digits; or SHA-256, 64 digits, in the signed form. */
  readonly hash: string;
  /** Whether the device restarts after the install. */
  readonly reboot: boolean;
}

/**
 * The announcement's text in the basic form (protocol 1.2).
 * A restart is asked for by leaving the fifth field out: the oldest form, which every device understands (protocol 1.3).
 */
export function formatAnnouncement({ host, port, filename, hash, reboot }: Announcement): string {
  const fields = `${host}|${port}|${filename}|${hash}`;
  return reboot ? fields : `${fields}|0`;
}

/** What the signed form says besides (protocol 1.2). */
export interface Signing {
  /** The device's key, 64 hex digits (protocol 6.1). */
  readonly key: string;
  /** Bytes of the file. */
  readonly size: number;
  /** Greater than in any announcement to this device before (protocol 6.4). */
  readonly counter: number;
}

/** The announcement's text in the signed form (protocol 1.2, 6.2); its hash is SHA-256. */
export function formatSigned({ host, port, filename, hash, reboot }: Announcement, signing: Signing): string {
  const text = `${host}|${port}|${filename}|${hash}|${reboot ? 1 : 0}|${signing.size}|${signing.counter}`;
  return `${text}|${signatureOf(text, signing.key)}`;
}

/**
 * Reads the basic form, as a device does.
 * @throws Error saying which field is wrong: first-generation devices reset themselves on such a text (protocol 4).
 */
export function parseAnnouncement(text: string): Announcement {
  const [host = '', port = '', filename = '', hash = '', reboot = '1', ...more] = text.split('|');
  const problem =
    (more.length > 0 && 'it has more than five fields') ||
    hostProblem(host) ||
    (!/^[1-9][0-9]{0,4}$/.test(port) && 'its port is no number') ||
    (Number(port) > 65535 && 'its port is above 65535') ||
    filenameProblem(filename) ||
    (!/^[0-9a-f]{40}$/.test(hash) && 'its hash is not 40 lower-case hex digits') ||
    (!/^[01]$/.test(reboot) && 'its fifth field is neither 0 nor 1');
  if (problem) throw new Error(`This is no announcement: ${problem}: ${JSON.stringify(text)}`);
  return { host, port: Number(port), filename, hash, reboot: reboot === '1' };
}

/** The file's hash, lower-case hex: SHA-1 in the basic form, SHA-256 in the signed one (protocol 1.2). */
export function hashOf(bytes: Uint8Array, algorithm: 'sha1' | 'sha256' = 'sha1'): string {
  return createHash(algorithm).update(bytes).digest('hex');
}
